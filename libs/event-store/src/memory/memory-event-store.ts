import { EventStore } from '../event-store.js';
import type { ViewDefinition } from '../view-definition.js';
import { MemoryCheckpoints } from './memory-checkpoints.js';
import { MemoryEventLog } from './memory-event-log.js';
import { MemoryViewTable } from './memory-view-table.js';

/** Everything in memory, for tests and for a cloud that nobody wants to keep. */
export class MemoryEventStore extends EventStore {
  constructor() {
    super(new MemoryEventLog(), new MemoryCheckpoints());
  }

  protected override async tableOf<Row extends object, Column extends string>(definition: ViewDefinition<Row, Column>) {
    return new MemoryViewTable(definition);
  }
}
