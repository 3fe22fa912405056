import { Answer, Expire, Notice, askedBy, listenedTo, operations } from '@strata/event-sourcing';
import type {
  Ask,
  Asking,
  Decider,
  Meta,
  Operation,
  OperationCommand,
  OperationEvent,
  ProcessDefinition,
  Rejection,
} from '@strata/event-sourcing';
import { streamName } from '@strata/event-store';
import type { Clock, EventStore, Outcome, Recorded, Subscription, View } from '@strata/event-store';
import { v5 as uuidFrom } from 'uuid';
import { Lateness } from './lateness.js';
import type { OperationColumn, OperationRow } from './operation-view.js';

/** Carries a command out; a refusal is an answer. @throws on accidents, and is then asked again */
export type Send = (command: Ask, meta: Meta) => Promise<Rejection | undefined>;

type Parts = Readonly<{
  store: EventStore;
  view: View<OperationRow, OperationColumn>;
  definitions: readonly ProcessDefinition[];
  send: Send;
  clock: Clock;
}>;

type Home = Readonly<{ tenantId: string; correlationId: string }>;

export const operationStream = (operationId: string, tenantId: string) =>
  streamName({ name: 'operation' }, operationId, tenantId);

/** Ids that follow from what they answer, so that an answer that is given twice is one answer. */
const NAMESPACE = '6f1c5b0e-6a43-4c1d-9f0a-5d1f8f3f7a11';
const TICK = 1000;

/** The engine of every process: the tables say what, the journal says where, this only carries messages. */
export class ProcessManager {
  readonly #decider: Decider<OperationCommand, OperationEvent, Operation>;
  readonly #listensTo: ReadonlySet<string>;
  /** Whose each operation under way is, and what it began with: what it does belongs there, whoever answers it. */
  readonly #homes = new Map<string, Home>();
  readonly #lateness = new Lateness();
  /** Up to here entries may have been sent before, by this process or an earlier one. */
  #newest = 0;
  #subscription: Subscription | undefined;
  #stopClock: () => void = () => {};
  #stopped = false;

  constructor(private readonly parts: Parts) {
    this.#decider = operations(parts.definitions);
    this.#listensTo = listenedTo(parts.definitions);
  }

  /** Goes on where the journal stands. Not before the receivers of commands are ready. */
  async start(): Promise<void> {
    this.#newest = await this.parts.store.log.head();
    this.#subscription = await this.parts.store.subscribe({
      name: 'processes',
      from: 'start',
      // Every message may come twice, so the cursor need not be in step with what was sent.
      effect: 'outside',
      concerns: (event) =>
        operationOf(event) !== undefined && (this.#listensTo.has(event.type) || askedBy(event) !== undefined),
      handle: async (batch) => {
        const now = this.#now();
        this.#lateness.begin(Date.parse(batch[0]?.recordedAt ?? '') || now, now);
        try {
          await this.#handle(batch);
        } finally {
          // What could not be dealt with is parked, and nobody waits for it any more.
          this.#lateness.end();
        }
      },
    });
    this.#tick();
  }

  get subscription(): Subscription | undefined {
    return this.#subscription;
  }

  /** For how many milliseconds it has been behind what happens, without a break. */
  get lateForMs(): number {
    return this.#lateness.forMs(this.#now());
  }

  #now = () => Date.parse(this.parts.clock.now());

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopClock();
    await this.#subscription?.stop();
  }

  /** Whether an event is one that begins an operation, a breath later. */
  isBegunBy({ type }: Readonly<{ type: string }>): boolean {
    return this.parts.definitions.some(({ trigger }) => trigger === type);
  }

  /** Resolves once the operation that an event begins has begun. */
  async hasDealtWith(position: number, milliseconds = 60_000): Promise<void> {
    await this.#subscription?.waitFor(position, milliseconds);
  }

  /** Tells an operation something on behalf of a person. */
  async ask(operationId: string, command: OperationCommand): Promise<Outcome> {
    const stream = operationStream(operationId, command.meta.tenantId);
    return this.parts.store.aggregates.execute(this.#decider, stream, command);
  }

  /** Tells an operation of an event: the one that begins it, or one that it waits for. Telling twice is telling once. */
  async #tell(operationId: string, event: Recorded): Promise<Outcome> {
    const { type, data } = event;
    const home = await this.#homeOf(operationId, event);
    // Nobody began it: an event that only names an operation is no news to it.
    if (!home) return { events: [], version: 0 };
    const meta = { ...this.#because(event, 'notice'), ...home };
    return this.ask(operationId, new Notice({ operationId, event: { type, data } }, meta));
  }

  /** Operations go on side by side; the messages of one go in order. */
  async #handle(batch: readonly Recorded[]): Promise<void> {
    const before = this.#newest;
    this.#newest = Math.max(before, batch.at(-1)?.position ?? 0);
    const byOperation = new Map<string, Recorded[]>();
    for (const event of batch) {
      const operationId = operationOf(event);
      if (operationId === undefined) continue;
      const events = byOperation.get(operationId);
      if (events) events.push(event);
      else byOperation.set(operationId, [event]);
    }
    await Promise.all(
      [...byOperation].map(async ([operationId, events]) => {
        for (const event of events) await this.#deal(operationId, event, event.position <= before);
      }),
    );
  }

  async #deal(operationId: string, event: Recorded, isRepeat: boolean): Promise<void> {
    if (event.type === 'ProcessEnded') this.#homes.delete(operationId);
    const asking = askedBy(event);
    if (asking) return this.#relay(operationId, event, asking, isRepeat);
    await this.#tell(operationId, event);
  }

  /**
   * Sends under the entry's own id: however often it is sent, it is carried out once. A command that came to nothing is
   * remembered nowhere, though, and might come to something later: so what nobody waits for any more is not sent again.
   */
  async #relay(
    operationId: string,
    entry: Recorded,
    { command, step, undo, awaits }: Asking,
    isRepeat: boolean,
  ): Promise<void> {
    if (step !== null && isRepeat && !(await this.#isAt(entry))) return;
    const rejection = await this.parts.send(command, { ...this.#because(entry, 'relay'), commandId: entry.id });
    if (step === null || (awaits !== null && !rejection)) return;
    const refusal = rejection ? { code: rejection.code, reason: rejection.reason } : null;
    await this.ask(operationId, new Answer({ operationId, step, undo, refusal }, this.#because(entry, 'answer')));
  }

  /** An answer may come from a thing of somebody else's, such as an image that many wait for. */
  async #homeOf(operationId: string, event: Recorded): Promise<Home | undefined> {
    const known = this.#homes.get(operationId);
    if (known) return known;
    const isBeginning = this.isBegunBy(event);
    // What began it was stored before its answer: the view knows it once it has come as far.
    if (!isBeginning) await this.parts.view.waitFor(event.position);
    const begun = isBeginning ? event.meta : await this.parts.view.get(operationId);
    if (!begun) return undefined;
    const home = { tenantId: begun.tenantId, correlationId: begun.correlationId };
    this.#homes.set(operationId, home);
    return home;
  }

  /** Whether the entry is still the last word of its journal. Progress may have been told since; nothing else. */
  async #isAt({ stream, version }: Recorded): Promise<boolean> {
    const later = await this.parts.store.log.readStream(stream, version);
    return later.every(({ type }) => type === 'StepProgressed');
  }

  #because(event: Readonly<Pick<Recorded, 'id' | 'meta'>>, what: string): Meta {
    const { tenantId, correlationId } = event.meta;
    const commandId = uuidFrom(`${what} ${event.id}`, NAMESPACE);
    return { commandId, at: this.parts.clock.now(), tenantId, actor: 'process', correlationId, causationId: event.id };
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#stopClock = this.parts.clock.after(TICK, () => {
      // A tick that fails is made up for by the next one.
      this.#expire().then(
        () => this.#tick(),
        () => this.#tick(),
      );
    });
  }

  /** Wakes the operations whose running step or undo is overdue. */
  async #expire(): Promise<void> {
    const now = this.parts.clock.now();
    const { rows } = await this.parts.view.list({ where: { open: true }, orderBy: ['dueAt'], limit: 100 });
    for (const { id, dueAt, task, tenantId, status } of rows) {
      if (dueAt === null || dueAt > now || task === null) continue;
      const commandId = uuidFrom(`expire ${id} ${dueAt}`, NAMESPACE);
      const meta: Meta = { commandId, at: now, tenantId, actor: 'clock', correlationId: id, causationId: id };
      await this.ask(id, new Expire({ operationId: id, step: task, undo: status === 'undoing' }, meta));
    }
  }
}

const operationOf = ({ data }: Recorded): string | undefined =>
  'operationId' in data && typeof data.operationId === 'string' ? data.operationId : undefined;
