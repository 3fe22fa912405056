import { Injectable } from '@nestjs/common';
import type { Operation } from '@strata/contracts';
import type { OperationEvent } from '@strata/event-sourcing';
import { EventStore } from '@strata/event-store';
import type { Done, Moment, Recorded } from '@strata/event-store';
import { ProcessManager, operationStream, operationView } from '@strata/operations';
import type { OperationRow } from '@strata/operations';
import type { Asked } from '@strata/http';
import type { Endpoint } from '@strata/contracts';

type Wanted = Readonly<Pick<Operation, 'id' | 'name' | 'resource'>> & Readonly<{ tenantId: string; since: string }>;

type Repeat = Pick<Asked<Endpoint>, 'isRepeat' | 'mint' | 'meta' | 'since'>;

/** An operation, and the moment at which it was so. */
type Found = Readonly<{ row: OperationRow; moment: Moment }>;
type Promised = Readonly<{ row: OperationRow; position: number }>;

/** How long whoever asks for an operation waits for it to begin. */
const PATIENCE_MS = 2_000;

/** Operations as people ask for them: always fresh, because one is folded from its own journal. */
@Injectable()
export class Operations {
  constructor(
    private readonly store: EventStore,
    private readonly processes: ProcessManager,
  ) {}

  /** Promised, and not begun yet: a breath later the subscription has come by and begun it. */
  readonly #promised = new Map<string, Promised>();

  /**
   * The operation that these events begin. Whoever gets its id finds it, begun or not. No events: it was already so, and the
   * operation is one that has succeeded.
   */
  async begun({ events }: Done, wanted: Wanted, validateOnly = false): Promise<Operation> {
    if (validateOnly) return shownOperation(ended(wanted, 'it would be accepted; nothing was changed'));
    const [trigger] = events;
    if (!trigger) {
      const found = await this.find(wanted.id, wanted.tenantId, await this.store.present());
      return shownOperation(found?.row ?? ended(wanted, 'already so'));
    }
    const { position, meta } = trigger;
    const row = promised(wanted, meta.correlationId);
    this.#promised.set(wanted.id, { row, position });
    const forget = () => this.#promised.delete(wanted.id);
    this.processes.hasDealtWith(position).then(forget, forget);
    return shownOperation(row);
  }

  /**
   * What a repeat is answered whose first answer was lost with its process, when what it asks for was begun then: the world
   * may have gone on since, and what was asked by name may be the name of something else by now.
   */
  async again({ isRepeat, mint, meta, since }: Repeat): Promise<Operation | undefined> {
    if (!isRepeat) return undefined;
    const id = mint('op');
    const { tenantId } = meta;
    const begun = rowOf(id, await this.store.log.readStream(operationStream(id, tenantId)));
    return begun && shownOperation(promised({ id, name: begun.name, resource: begun.resource, tenantId, since }, ''));
  }

  /** One that had nothing to wait for: it has ended, and is in no journal. */
  ended(wanted: Wanted, statusReason: string): Operation {
    return shownOperation(ended(wanted, statusReason));
  }

  /** Whether an event is one that begins an operation, a breath later. */
  areBegunBy(event: Readonly<{ type: string }>): boolean {
    return this.processes.isBegunBy(event);
  }

  /** One that is promised now is waited for; where everything is late, the promise is shown for it. */
  async find(id: string, tenantId: string, moment: Moment): Promise<Found | undefined> {
    const promised = this.#promised.get(id);
    const row = rowOf(id, await moment.events(operationStream(id, tenantId)));
    if (row) return { row, moment };
    if (moment.then || promised?.row.tenantId !== tenantId) return undefined;
    await this.processes.hasDealtWith(promised.position, PATIENCE_MS).catch(() => undefined);
    const later = await this.store.present();
    const begun = rowOf(id, await later.events(operationStream(id, tenantId)));
    return { row: begun ?? promised.row, moment: later };
  }
}

/** The stream of an operation holds its journal and nothing else. */
const rowOf = (id: string, journal: readonly Recorded[]): OperationRow | undefined =>
  journal.reduce<OperationRow | undefined>(
    (row, event) => operationView.evolve(row, event as Recorded<OperationEvent>, id),
    undefined,
  );

export const shownOperation = ({ tenantId: _, correlationId: __, ...operation }: OperationRow): Operation => operation;

/** One that will begin in a moment. */
const promised = (wanted: Wanted, correlationId: string): OperationRow => ({
  ...ended(wanted, ''),
  status: 'running',
  statusReason: null,
  endedAt: null,
  correlationId,
});

/** One that has nothing to do, and is in no journal. */
const ended = ({ id, name, resource, tenantId, since }: Wanted, statusReason: string): OperationRow => ({
  id,
  name,
  status: 'succeeded',
  task: null,
  statusReason,
  code: null,
  createdAt: since,
  endedAt: since,
  dueAt: null,
  cancellable: false,
  resource,
  steps: [],
  labels: {},
  tenantId,
  correlationId: '',
});
