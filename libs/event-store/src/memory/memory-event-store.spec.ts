import {
  isALedger,
  isAnEventLog,
  isAViewStore,
  readsOldEvents,
  remembersThePast,
  runsAggregates,
  runsSubscriptions,
} from '../testing/index.js';
import { MemoryEventLog } from './memory-event-log.js';
import { MemoryEventStore } from './memory-event-store.js';

const make = async () => new MemoryEventStore();

isAnEventLog('the memory', make);
runsAggregates('the memory', make, async (store) => store);
runsSubscriptions('the memory', make);
isAViewStore('the memory', make);
remembersThePast('the memory', make);
isALedger('the memory', make);
readsOldEvents('the memory', async (history) => new MemoryEventStore(new MemoryEventLog(undefined, history)));
