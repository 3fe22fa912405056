import { Injectable } from '@nestjs/common';
import type { Operation } from '@strata/contracts';
import type { OperationEvent } from '@strata/event-sourcing';
import { Clock, EventStore } from '@strata/event-store';
import type { Done, Recorded } from '@strata/event-store';
import { ProcessManager, operationStream, operationView } from '@strata/operations';
import type { OperationRow } from '@strata/operations';

type Asked = Readonly<Pick<Operation, 'id' | 'name' | 'resource'>> & Readonly<{ tenantId: string }>;

/** Operations as people ask for them: always fresh, because one is folded from its own journal. */
@Injectable()
export class Operations {
  constructor(
    private readonly store: EventStore,
    private readonly processes: ProcessManager,
    private readonly clock: Clock,
  ) {}

  /** Promised, and not begun yet: a breath later the subscription has come by and begun it. */
  readonly #promised = new Map<string, OperationRow>();

  /**
   * The operation that these events begin. Whoever gets its id finds it, begun or not. No events: it was already so, and the
   * operation is one that has succeeded.
   */
  async begun({ events }: Done, asked: Asked, validateOnly = false): Promise<Operation> {
    const at = this.clock.now();
    if (validateOnly) return shownOperation(ended(asked, at, 'it would be accepted; nothing was changed'));
    const [trigger] = events;
    if (!trigger) return shownOperation((await this.find(asked.id, asked.tenantId)) ?? ended(asked, at, 'already so'));
    const { correlationId } = trigger.meta;
    const promised: OperationRow = {
      ...ended(asked, at, ''),
      status: 'running',
      statusReason: null,
      endedAt: null,
      correlationId,
    };
    this.#promised.set(asked.id, promised);
    const forget = () => this.#promised.delete(asked.id);
    this.processes.hasDealtWith(trigger.position).then(forget, forget);
    return shownOperation(promised);
  }

  async find(id: string, tenantId: string): Promise<OperationRow | undefined> {
    // Before the journal is read: a promise is forgotten in the very moment in which the journal begins.
    const promised = this.#promisedTo(id, tenantId);
    return rowOf(id, await this.store.log.readStream(operationStream(id, tenantId))) ?? promised;
  }

  #promisedTo(id: string, tenantId: string): OperationRow | undefined {
    const promised = this.#promised.get(id);
    return promised?.tenantId === tenantId ? promised : undefined;
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
