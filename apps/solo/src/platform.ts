import type { Instant } from '@strata/contracts';
import { outageIn } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { AsOf, problem } from '@strata/http';
import type { Principal } from '@strata/http';
import type { Hypervisor } from '@strata/hypervisor';
import { LogProgress, PlatformStatus, Readiness } from '../../gateway/src/gateway.module.js';
import type { ReadinessReport, ServiceProgress, StatusReport } from '../../gateway/src/gateway.module.js';
import type { Summary } from '../../iaas/src/iaas.module.js';
import type { Occupancy } from '../../identity/src/identity.module.js';
import type { HostMachine } from './cloud.module.js';
import type { Ground } from './ground.js';
import type { SoloHeadroom } from './headroom.js';

const VERSION = '0.1.0';

type Known = Readonly<{
  ground: Pick<Ground, 'iaas' | 'identity'>;
  hosts: readonly HostMachine[];
  headroom: Pick<SoloHeadroom, 'check'>;
}>;

/** What this process tells of itself: whether it serves, what runs, how far each service has come along its log. */
export class SoloPlatform {
  #summary: Summary | undefined;
  readonly readiness: Readiness = { report: () => this.#readiness() };
  readonly status: PlatformStatus = { report: (principal, at) => this.#status(principal, at) };
  readonly occupancy: Occupancy = { of: (tenantId) => this.#things(tenantId) };
  readonly progress: LogProgress = { report: () => this.#progress() };

  constructor(private readonly known: Known) {}

  isReady(summary: Summary): void {
    this.#summary = summary;
  }

  async #readiness(): Promise<ReadinessReport> {
    const checks = Object.fromEntries(
      await Promise.all(
        this.#checks().map(async ([name, check]) => [name, await check().then(() => 'ok', wordsOf)] as const),
      ),
    );
    const isWell = Object.values(checks).every((it) => it === 'ok');
    return { status: this.#summary ? (isWell ? 'ok' : 'degraded') : 'starting', checks };
  }

  #checks(): [string, () => Promise<unknown>][] {
    const { ground, hosts, headroom } = this.known;
    const log = (store: EventStore) => async () => {
      await store.log.head();
      const { sentence } = store.damage;
      if (sentence !== undefined) throw new Error(sentence);
    };
    const [first] = hosts;
    return [
      ['iaas log', log(ground.iaas)],
      ['iaas subscriptions', async () => mustGoOn(ground.iaas)],
      ['identity log', log(ground.identity)],
      ['identity subscriptions', async () => mustGoOn(ground.identity)],
      ['disk', () => headroom.check()],
      ...(first ? [['hypervisor', () => mustAnswer(first.hypervisor)] satisfies [string, () => Promise<unknown>]] : []),
    ];
  }

  async #status({ tenantId }: Principal, at: Instant | undefined): Promise<AsOf<StatusReport>> {
    if (!this.#summary) throw problem('service.unavailable', 'the platform is starting');
    const { body, position, recordedAt } = await this.#summary.at(at, tenantId);
    const ours = at ? { version: null, hypervisor: null } : { version: VERSION, hypervisor: await this.#hypervisor() };
    return new AsOf({ ...ours, ...body }, position, recordedAt);
  }

  async #hypervisor(): Promise<string> {
    const [first] = this.known.hosts;
    const facts = await first?.hypervisor.facts().catch(() => undefined);
    return facts ? `${facts.driver} (${facts.accelerator}), ${facts.version}` : 'does not answer';
  }

  /** What a tenant has, in numbers. */
  async #things(tenantId: string): Promise<Readonly<Record<string, number>>> {
    if (!this.#summary) throw problem('service.unavailable', 'the platform is starting');
    const { body } = await this.#summary.at(undefined, tenantId);
    return { instances: Object.values(body.instances).reduce((sum, count) => sum + count, 0) };
  }

  async #progress(): Promise<readonly ServiceProgress[]> {
    const { iaas, identity } = this.known.ground;
    return Promise.all(
      Object.entries({ iaas, identity }).map(async ([service, store]) => {
        const lags = await Promise.all(store.subscriptions.map(async (it) => [it.name, await it.lag()] as const));
        const parked = store.subscriptions.map((it) => [it.name, it.parkedStreams.size] as const);
        return {
          service,
          position: await store.log.head(),
          lags: Object.fromEntries(lags),
          parked: Object.fromEntries(parked),
        };
      }),
    );
  }
}

const mustAnswer = async (hypervisor: Hypervisor): Promise<void> => {
  await hypervisor.facts().catch(() => {
    throw new Error('does not answer');
  });
};

/** @throws a sentence about what follows the log no more, or only in part */
const mustGoOn = ({ subscriptions }: EventStore): void => {
  const words = subscriptions.flatMap(({ name, failure, parkedStreams: { size } }) => [
    ...(failure ? [`${name} has stopped: see the server's log`] : []),
    ...(size > 0 ? [`${name} has parked what came of ${size} things: see the server's log`] : []),
  ]);
  if (words.length > 0) throw new Error(words.join('; '));
};

/** Everybody may ask: why something does not answer is for the log. */
const wordsOf = (error: unknown) => (error instanceof Error && !outageIn(error) ? error.message : 'does not answer');
