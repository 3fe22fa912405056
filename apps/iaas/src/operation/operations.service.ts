import { Injectable } from '@nestjs/common';
import type { Operation } from '@strata/contracts';
import type { OperationEvent } from '@strata/event-sourcing';
import { EventStore } from '@strata/event-store';
import type { Done, Recorded } from '@strata/event-store';
import { ProcessManager, operationStream, operationView } from '@strata/operations';
import type { OperationRow } from '@strata/operations';
import type { Asked } from '@strata/http';
import type { Endpoint } from '@strata/contracts';

type Wanted = Readonly<Pick<Operation, 'id' | 'name' | 'resource'>> & Readonly<{ tenantId: string; since: string }>;

type Repeat = Pick<Asked<Endpoint>, 'isRepeat' | 'mint' | 'meta' | 'since'>;

/** Operations as people ask for them: always fresh, because one is folded from its own journal. */
@Injectable()
export class Operations {
  constructor(
    private readonly store: EventStore,
    private readonly processes: ProcessManager,
  ) {}

  /** Promised, and not begun yet: a breath later the subscription has come by and begun it. */
  readonly #promised = new Map<string, OperationRow>();

  /**
   * The operation that these events begin. Whoever gets its id finds it, begun or not. No events: it was already so, and the
   * operation is one that has succeeded.
   */
  async begun({ events }: Done, wanted: Wanted, validateOnly = false): Promise<Operation> {
    if (validateOnly) return shownOperation(ended(wanted, 'it would be accepted; nothing was changed'));
    const [trigger] = events;
    if (!trigger) return shownOperation((await this.find(wanted.id, wanted.tenantId)) ?? ended(wanted, 'already so'));
    const row = promised(wanted, trigger.meta.correlationId);
    this.#promised.set(wanted.id, row);
    const forget = () => this.#promised.delete(wanted.id);
    this.processes.hasDealtWith(trigger.position).then(forget, forget);
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

  async find(id: string, tenantId: string): Promise<OperationRow | undefined> {
    return rowOf(id, await this.store.log.readStream(operationStream(id, tenantId))) ?? this.#promisedTo(id, tenantId);
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
