import type { EventLog } from '../event-log.js';
import type { Ledger } from '../proof/ledger.js';
import { EventStore } from '../event-store.js';
import { viewId } from '../view-definition.js';
import type { ViewDefinition } from '../view-definition.js';
import { MemoryCheckpoints } from './memory-checkpoints.js';
import { MemoryEventLog } from './memory-event-log.js';
import { MemorySnapshot, MemoryViewTable } from './memory-view-table.js';

/** Everything in memory, for tests and for a cloud that nobody wants to keep. */
export class MemoryEventStore extends EventStore {
  readonly #tables = new Map<string, object>();
  readonly #snapshots = new Set<MemorySnapshot>();

  /** On the log of another store: what a process finds that starts anew. */
  constructor(log: EventLog = new MemoryEventLog(), ledger: Ledger = ledgerOf(log)) {
    super(log, new MemoryCheckpoints(), ledger);
  }

  protected override async tableOf<Row extends object, Column extends string>(definition: ViewDefinition<Row, Column>) {
    // What lies under a view's id was made below for that view, so its rows and columns are those of the definition.
    const kept = this.#tables.get(viewId(definition)) as MemoryViewTable<Row, Column> | undefined;
    const table = new MemoryViewTable(definition, this.#snapshots, kept);
    this.#tables.set(viewId(definition), table);
    return table;
  }

  protected override async snapshot() {
    return new MemorySnapshot(this.#snapshots);
  }
}

/** A log that only stands before another one has nothing to prove by itself. */
const ledgerOf = (log: EventLog): Ledger => (log instanceof MemoryEventLog ? log : new MemoryEventLog()).ledger;
