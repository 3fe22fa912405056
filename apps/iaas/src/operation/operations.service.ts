import { Injectable } from '@nestjs/common';
import type { Operation } from '@strata/contracts';
import type { OperationEvent } from '@strata/event-sourcing';
import { Clock, EventStore } from '@strata/event-store';
import type { Done, Moment, Recorded } from '@strata/event-store';
import { ProcessManager, operationStream, operationView } from '@strata/operations';
import type { OperationRow } from '@strata/operations';

type Asked = Readonly<Pick<Operation, 'id' | 'name' | 'resource'>> & Readonly<{ tenantId: string }>;

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
    private readonly clock: Clock,
  ) {}

  /** Promised, and not begun yet: a breath later the subscription has come by and begun it. */
  readonly #promised = new Map<string, Promised>();

  /**
   * The operation that these events begin. Whoever gets its id finds it, begun or not. No events: it was already so, and the
   * operation is one that has succeeded.
   */
  async begun({ events }: Done, asked: Asked, validateOnly = false): Promise<Operation> {
    const at = this.clock.now();
    if (validateOnly) return shownOperation(ended(asked, at, 'it would be accepted; nothing was changed'));
    const [trigger] = events;
    if (!trigger) {
      const found = await this.find(asked.id, asked.tenantId, await this.store.present());
      return shownOperation(found?.row ?? ended(asked, at, 'already so'));
    }
    const { position, meta } = trigger;
    const row: OperationRow = {
      ...ended(asked, at, ''),
      status: 'running',
      statusReason: null,
      endedAt: null,
      correlationId: meta.correlationId,
    };
    this.#promised.set(asked.id, { row, position });
    const forget = () => this.#promised.delete(asked.id);
    this.processes.hasDealtWith(position).then(forget, forget);
    return shownOperation(row);
  }

  /** One that had nothing to wait for: it has ended, and is in no journal. */
  ended(asked: Asked, statusReason: string): Operation {
    return shownOperation(ended(asked, this.clock.now(), statusReason));
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

/** One that has nothing to do, and is in no journal. */
const ended = ({ id, name, resource, tenantId }: Asked, at: string, statusReason: string): OperationRow => ({
  id,
  name,
  status: 'succeeded',
  task: null,
  statusReason,
  code: null,
  createdAt: at,
  endedAt: at,
  dueAt: null,
  cancellable: false,
  resource,
  steps: [],
  labels: {},
  tenantId,
  correlationId: '',
});
