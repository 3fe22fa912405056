import type { EventStore } from '@strata/event-store';
import { problem } from '@strata/http';
import type { Principal } from '@strata/http';
import { LogProgress, PlatformStatus, Readiness } from '../../gateway/src/gateway.module.js';
import type { ReadinessReport, ServiceProgress, StatusReport } from '../../gateway/src/gateway.module.js';
import type { Summary } from '../../iaas/src/iaas.module.js';
import type { Occupancy } from '../../identity/src/identity.module.js';
import type { HostMachine } from './cloud.module.js';
import type { Ground } from './ground.js';

const VERSION = '0.1.0';

type Known = Readonly<{ ground: Ground; hosts: readonly HostMachine[] }>;

/** What this process tells of itself: whether it serves, what runs, how far each service has come along its log. */
export class SoloPlatform {
  #summary: Summary | undefined;
  readonly readiness: Readiness = { report: () => this.#readiness() };
  readonly status: PlatformStatus = { report: (principal) => this.#status(principal) };
  readonly occupancy: Occupancy = { of: (tenantId) => this.#things(tenantId) };
  readonly progress: LogProgress = { report: () => this.#progress() };

  constructor(private readonly known: Known) {}

  isReady(summary: Summary): void {
    this.#summary = summary;
  }

  async #readiness(): Promise<ReadinessReport> {
    const checks = Object.fromEntries(
      await Promise.all(
        this.#checks().map(async ([name, check]) => [name, await check().then(...verdicts)] as const),
      ),
    );
    const isWell = Object.values(checks).every((it) => it === 'ok');
    return { status: this.#summary ? (isWell ? 'ok' : 'degraded') : 'starting', checks };
  }

  #checks(): [string, () => Promise<unknown>][] {
    const { ground, hosts } = this.known;
    const log = (store: EventStore) => () => store.log.head();
    const [first] = hosts;
    return [
      ['iaas log', log(ground.iaas)],
      ['identity log', log(ground.identity)],
      ...(first ? [['hypervisor', () => first.hypervisor.facts()] satisfies [string, () => Promise<unknown>]] : []),
    ];
  }

  async #status({ tenantId }: Principal): Promise<StatusReport> {
    const summary = this.#summary;
    const [first] = this.known.hosts;
    const facts = await first?.hypervisor.facts().catch(() => undefined);
    return {
      version: VERSION,
      hypervisor: facts ? `${facts.driver} (${facts.accelerator}), ${facts.version}` : 'does not answer',
      position: (await summary?.position()) ?? 0,
      instances: (await summary?.instances(tenantId)) ?? {},
      hosts: (await summary?.hosts()) ?? {},
      runningOperations: (await summary?.runningOperations(tenantId)) ?? 0,
    };
  }

  /** What a tenant has, in numbers. */
  async #things(tenantId: string): Promise<Readonly<Record<string, number>>> {
    if (!this.#summary) throw problem('service.unavailable', 'the platform is starting');
    const byStatus = Object.values(await this.#summary.instances(tenantId));
    return { instances: byStatus.reduce((sum, count) => sum + count, 0) };
  }

  async #progress(): Promise<readonly ServiceProgress[]> {
    const { iaas, identity } = this.known.ground;
    return Promise.all(
      Object.entries({ iaas, identity }).map(async ([service, store]) => {
        const lags = await Promise.all(store.subscriptions.map(async (it) => [it.name, await it.lag()] as const));
        return { service, position: await store.log.head(), lags: Object.fromEntries(lags) };
      }),
    );
  }
}

/** Everybody may ask: why something does not answer is for the log. */
const verdicts = [() => 'ok', () => 'does not answer'] as const;
