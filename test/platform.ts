import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { InstanceView, Operation } from '@strata/contracts';
import {
  Clock,
  MemoryEventLog,
  MemoryEventStore,
  ProvenLog,
  PublicKeys,
  SigningKey,
  SystemClock,
} from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { Claims, MemoryClaims, Principals, createHttpApp } from '@strata/http';
import type { Principal } from '@strata/http';
import { SimulatedHost, SimulatedHypervisor } from '@strata/hypervisor';
import type { SimulatedHostOptions } from '@strata/hypervisor';
import { MasterKey, MemorySubjectKeys, Sealing } from '@strata/sealing';
import { EventModule } from '../apps/iaas/src/event/event.module.js';
import { Summary, history } from '../apps/iaas/src/iaas.module.js';
import { IdentityModule } from '../apps/identity/src/identity.module.js';
import { CloudModule } from '../apps/solo/src/cloud.module.js';
import { People, emptyIdentity, firstKey } from './people.js';
import type { IdentityGround } from './people.js';
import { GatewayModule } from '../apps/gateway/src/gateway.module.js';
import type { Logs } from '../apps/gateway/src/gateway.module.js';
import { SoloPlatform } from '../apps/solo/src/platform.js';

/** Keys of the people in the tests: the key is the user. */
const known: Readonly<Record<string, Principal>> = {
  admin: { userId: 'user_admin', tenantId: 'ten_default', role: 'platform-administrator', keyId: 'key_admin' },
  viewer: { userId: 'user_viewer', tenantId: 'ten_default', role: 'viewer', keyId: 'key_viewer' },
  operator: { userId: 'user_operator', tenantId: 'ten_default', role: 'operator', keyId: 'key_operator' },
  stranger: { userId: 'user_stranger', tenantId: 'ten_stranger', role: 'admin', keyId: 'key_stranger' },
};

/** Of all platforms of a test: each knows what the one before it on the same log has signed. */
const signing = SigningKey.generate();
const keys = { signing, known: new PublicKeys([signing.publicPem]) };

class KnownPeople extends Principals {
  override async of(bearer: string) {
    return known[bearer];
  }
}

type How = Readonly<{ as?: string | null; headers?: Record<string, string>; peer?: string }>;

export type Answer = Readonly<{ status: number; body: unknown; headers: Readonly<Record<string, unknown>> }>;

type Options = Readonly<{
  hosts?: number;
  host?: SimulatedHostOptions;
  clock?: Clock;
  store?: EventStore;
  world?: readonly SimulatedHost[];
  /** Real tenants, users and keys instead of those above; see `people`. */
  identity?: IdentityGround;
  claims?: Claims;
  /** Somebody else proves the log. */
  logs?: Logs;
  /** It will be killed: what it complains of while it dies is no news. */
  isMortal?: boolean;
}>;

/** The whole cloud in one process: log in memory, simulated hosts, asked over its public API. */
export class TestPlatform {
  private constructor(
    private readonly app: NestFastifyApplication,
    readonly store: EventStore,
    readonly hosts: readonly SimulatedHost[],
    private readonly drivers: readonly SimulatedHypervisor[],
    readonly warnings: readonly string[],
    private readonly proven: ProvenLog | undefined,
    private readonly realPeople: People | undefined,
  ) {}

  /** For tests about people: those of a platform with an `identity` of its own. Its `admin` is the first administrator. */
  static async withPeople(options: Options = {}): Promise<TestPlatform> {
    return TestPlatform.create({ identity: emptyIdentity(), ...options });
  }

  /** With the `store` and the `world` of an earlier platform: what a restarted control plane finds. */
  static async create({
    hosts = 1,
    host = {},
    clock = new SystemClock(),
    store = new MemoryEventStore(new MemoryEventLog(undefined, history)),
    world,
    claims = new MemoryClaims(),
    logs,
    isMortal = false,
    identity,
  }: Options = {}): Promise<TestPlatform> {
    const machines = world ?? Array.from({ length: hosts }, () => new SimulatedHost(host));
    const occupancy = {
      of: async (tenantId: string) => {
        const { body } = await app.get(Summary, { strict: false }).at(undefined, tenantId);
        return { instances: Object.values(body.instances).reduce((sum, count) => sum + count, 0) };
      },
    };
    const { subjects, master } = identity ?? { subjects: new MemorySubjectKeys(), master: MasterKey.random() };
    const sealing = await Sealing.open(subjects, master);
    @Module({
      imports: identity ? [IdentityModule.on({ store: identity.store, clock, sealing, occupancy })] : [],
      providers: [
        ...(identity ? [] : [{ provide: Principals, useClass: KnownPeople }]),
        { provide: Claims, useValue: claims },
        { provide: Clock, useValue: clock },
      ],
    })
    class Around {}
    const warnings: string[] = [];
    const drivers = machines.map((it) => new SimulatedHypervisor(it));
    const named = drivers.map((hypervisor, index) => ({
      hostId: `host_${index + 1}`,
      name: `host-${index + 1}`,
      hypervisor,
    }));
    const known = identity?.store ?? new MemoryEventStore();
    const ground = { iaas: store, identity: known };
    const itself = new SoloPlatform({ ground, hosts: named, headroom: { check: async () => undefined } });
    const proven = logs ? undefined : await ProvenLog.open({ name: 'iaas', store, keys, clock });
    const { readiness, status, progress } = itself;
    const cloud = CloudModule.of({
      store,
      clock,
      hosts: named,
      around: [
        Around,
        EventModule.on({ store, clock }),
        GatewayModule.on({
          readiness,
          status,
          progress,
          document: { read: () => ({}) },
          logs: logs ?? { all: () => (proven ? [proven] : []) },
        }),
      ],
      warn: (message) => void warnings.push(message),
    });
    const app: NestFastifyApplication = await createHttpApp(cloud, { logger: isMortal ? silent : quiet });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    const ask: TestPlatform['ask'] = (...asked) => platform.ask(...asked);
    const people = identity && new People(ask, await firstKey(app.get(IdentityModule)));
    const platform = new TestPlatform(app, store, machines, drivers, warnings, proven, people);
    itself.isReady(app.get(Summary, { strict: false }));
    return platform;
  }

  /** Makes tenants, users and keys. @throws unless the platform was made with people */
  get people(): People {
    if (!this.realPeople) throw new Error('this platform knows three people and makes no others');
    return this.realPeople;
  }

  /** `as`: one of those above; on a platform with people, a key. Left out: the first administrator. `null`: nobody. */
  async ask(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
    { as = this.realPeople?.admin ?? 'admin', headers = {}, peer }: How = {},
  ): Promise<Answer> {
    const {
      statusCode,
      payload,
      headers: answered,
    } = await this.app.inject({
      method,
      url: path,
      headers: { ...(as !== null && { authorization: `Bearer ${as}` }), ...headers },
      ...(peer !== undefined && { remoteAddress: peer }),
      ...(body && { payload: body }),
    });
    return { status: statusCode, body: payload === '' ? undefined : JSON.parse(payload), headers: answered };
  }

  /** Asks for what takes time and waits for its end. */
  async operate(method: 'POST' | 'DELETE', path: string, body?: object): Promise<Operation> {
    const { status, body: begun } = await this.ask(method, path, body);
    if (status !== 202) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(begun)}`);
    return this.ended((begun as Operation).id); // 202 answers an operation, by contract.
  }

  async ended(operationId: string): Promise<Operation> {
    return until(`${operationId} ends`, async () => {
      const { body } = await this.ask('GET', `/v1/operations/${operationId}`);
      const operation = body as Operation; // as above
      return operation.status === 'running' || operation.status === 'undoing' ? undefined : operation;
    });
  }

  async instance(id: string): Promise<InstanceView> {
    const { status, body } = await this.ask('GET', `/v1/instances/${id}`);
    if (status !== 200) throw new Error(`${id}: ${JSON.stringify(body)}`);
    return body as InstanceView; // 200 answers an instance, by contract.
  }

  async create(name: string, more: object = {}): Promise<Operation> {
    return this.operate('POST', '/v1/instances', { name, image: 'tiny', flavor: 'nano', ...more });
  }

  /** What is left anywhere: guests, disks, leases, placements, addresses, reservations. */
  async leftovers(): Promise<object> {
    const [{ body: hosts }, { body: networks }, { body: quota }] = await Promise.all([
      this.ask('GET', '/v1/hosts'),
      this.ask('GET', '/v1/networks'),
      this.ask('GET', '/v1/quota'),
    ]);
    // By contract, as above.
    const { items: shownHosts } = hosts as { items: { instances: number; reserved: object }[] };
    const { items: shownNetworks } = networks as { items: { id: string; addressesUsed: number }[] };
    const drivers = this.hosts.map((it) => new SimulatedHypervisor(it));
    return {
      guests: (await Promise.all(drivers.map((it) => it.domains.observe()))).flat().length,
      disks: (await Promise.all(drivers.map((it) => it.disks.list()))).flat().length,
      leases: (
        await Promise.all(
          drivers.flatMap((it) => shownNetworks.map(({ id }) => it.networks.leases(id).catch(() => []))),
        )
      ).flat().length,
      placed: shownHosts.reduce((sum, it) => sum + it.instances, 0),
      addresses: shownNetworks.reduce((sum, it) => sum + it.addressesUsed, 0),
      used: (quota as { used: object }).used,
    };
  }

  /** Where it answers over a socket, for what `ask` cannot show. */
  async listen(): Promise<string> {
    await this.app.listen(0, '127.0.0.1');
    return this.app.getUrl();
  }

  /** Cuts the way from this control plane to its hosts: what kill -9 does to an agent. */
  async disconnect(): Promise<void> {
    await Promise.all(this.drivers.map((it) => it.close()));
  }

  /** Ends a platform that was killed: what it still tries to do goes nowhere. */
  async abandon(): Promise<void> {
    await this.disconnect();
    await this.app.close().catch(() => undefined);
    await this.proven?.close();
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.proven?.close();
  }
}

/** What `leftovers` shows when nothing is left. */
export const cleanSlate = {
  guests: 0,
  disks: 0,
  leases: 0,
  placed: 0,
  addresses: 0,
  used: { instances: 0, vcpus: 0, memoryMiB: 0, diskGiB: 0 },
};

/** Waits for a condition, never for a time. */
export const until = async <T>(what: string, look: () => Promise<T | undefined | false>, seconds = 8): Promise<T> => {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

const silent = { log() {}, error() {}, warn() {}, debug() {}, verbose() {}, fatal() {} };

const quiet = {
  log() {},
  error: (...what: unknown[]) => console.error(...what),
  warn() {},
  debug() {},
  verbose() {},
  fatal: (...what: unknown[]) => console.error(...what),
};
