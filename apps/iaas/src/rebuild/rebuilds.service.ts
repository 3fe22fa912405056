import { Injectable, Logger } from '@nestjs/common';
import type { Meta } from '@strata/event-sourcing';
import { PLATFORM } from '@strata/event-sourcing';
import { Aggregates, Clock, EventStore, streamName } from '@strata/event-store';
import type { RebuildProgress, RebuiltAll } from '@strata/event-store';
import { v7 as uuid } from 'uuid';
import { Commands } from '../rules.js';
import { FailRebuild, FinishRebuild, REBUILD, ReportRebuild, rebuild } from './rebuild.js';
import type { Outcome, Rebuild } from './rebuild.js';

/** The stores whose read models can be rebuilt, by the service that they are of. */
export abstract class ReadModels {
  abstract readonly stores: Readonly<Record<string, EventStore>>;
}

/** How often progress is written down, in milliseconds: each time is an event in the log that is read. */
const EVERY = 2_000;

type Cause = Pick<Meta, 'tenantId' | 'correlationId' | 'causationId'>;

/** Carries rebuilds out. One that a process has left under way is begun anew by the next. */
@Injectable()
export class Rebuilds {
  readonly #logger = new Logger('rebuild');
  readonly #stopping = new AbortController();
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly readModels: ReadModels,
    private readonly commands: Commands,
    private readonly aggregates: Aggregates,
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  /** `<service>/<view>`, all of them. */
  get names(): readonly string[] {
    return Object.entries(this.readModels.stores).flatMap(([service, { views }]) =>
      views.map((view) => `${service}/${view}`),
    );
  }

  /** The read models that people call by their whole name or, where there is but one of it, by its end. */
  find(name: string): string | undefined {
    const found = this.names.filter((it) => it === name || it.endsWith(`/${name}`));
    return found.length === 1 ? found[0] : undefined;
  }

  /** Rows may be right where the log is not any more: they are not given up for what is left of it. */
  isUnsafe(views: readonly string[]): boolean {
    return Object.entries(this.readModels.stores).some(
      ([service, { damage }]) => damage.isHarmful && views.some((name) => name.startsWith(`${service}/`)),
    );
  }

  async latest(): Promise<Rebuild> {
    return (await this.aggregates.load(rebuild, stream)).state;
  }

  /** Goes on in the background. */
  begin(operationId: string, views: readonly string[], cause: Cause): void {
    const work = () => this.#carryOut(operationId, views, cause);
    this.#work = this.#work.then(work);
  }

  /** What an earlier process has left under way. */
  async resume(): Promise<void> {
    const latest = await this.latest();
    if (latest?.status !== 'running') return;
    const events = await this.store.log.readStream(stream);
    const request = events.findLast(({ type }) => type === 'RebuildRequested');
    if (request) this.begin(latest.operationId, latest.views, { ...request.meta, causationId: request.id });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#work;
  }

  async #carryOut(operationId: string, views: readonly string[], cause: Cause): Promise<void> {
    const meta = (): Meta => ({ ...cause, commandId: uuid(), at: this.clock.now(), actor: 'process:rebuild' });
    try {
      const outcome = await this.#rebuild(views, (progress) => {
        const report = new ReportRebuild({ operationId, ...progress }, meta());
        // Whoever looks sees it a little later.
        this.commands.execute(report).catch((error: unknown) => this.#logger.warn(String(error)));
      });
      await this.commands.execute(new FinishRebuild({ operationId, ...outcome }, meta()));
    } catch (error) {
      // The next process begins anew.
      if (this.#stopping.signal.aborted) return;
      this.#logger.warn(`read models were not rebuilt: ${String(error)}`);
      const reason = error instanceof Error ? error.message : String(error);
      await this.commands
        .execute(new FailRebuild({ operationId, reason }, meta()))
        .catch((again: unknown) => this.#logger.error(again));
    }
  }

  /** Store by store, each in one pass. */
  async #rebuild(views: readonly string[], report: (progress: Shown) => void): Promise<Outcome> {
    const outcomes: Outcome[] = [];
    for (const [service, store] of Object.entries(this.readModels.stores)) {
      const own = views.flatMap((name) => (name.startsWith(`${service}/`) ? [name.slice(service.length + 1)] : []));
      if (own.length === 0) continue;
      const tell = inWords(service, report);
      outcomes.push(outcomeOf(service, await store.rebuild({ views: own, tell, signal: this.#stopping.signal })));
    }
    const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((all, it) => all + of(it), 0);
    const [events, seconds] = [sum((it) => it.events), sum((it) => it.seconds)];
    const eventsPerSecond = Math.round(events / Math.max(seconds, 1e-6));
    return { events, seconds, eventsPerSecond, views: outcomes.flatMap((it) => it.views) };
  }
}

type Shown = Readonly<{ done: number; total: number; note: string }>;

const stream = streamName(rebuild, REBUILD, PLATFORM);

const outcomeOf = (service: string, { events, seconds, eventsPerSecond, views }: RebuiltAll): Outcome => ({
  events,
  seconds: Math.round(seconds * 1_000) / 1_000,
  eventsPerSecond,
  views: views.map((it) => ({ ...it, view: `${service}/${it.view}` })),
});

const notes = {
  fold: 'events of',
  index: 'making the new tables ready:',
  switch: 'putting the new tables in the place of the old ones:',
  compare: 'comparing:',
} as const;

/** How far it is: each stage when it begins, and then now and then. */
const inWords = (service: string, report: (progress: Shown) => void) => {
  let last = { stage: '', at: 0 };
  return ({ stage, done, total }: RebuildProgress): void => {
    const at = performance.now();
    if (stage === last.stage && at - last.at < EVERY) return;
    last = { stage, at };
    report({ done, total, note: `${notes[stage]} ${service}` });
  };
};
