import { isALedger, isAnEventLog, isAViewStore, runsAggregates, runsSubscriptions } from '../testing/index.js';
import { MemoryEventStore } from './memory-event-store.js';

const make = async () => new MemoryEventStore();

isAnEventLog('the memory', make);
runsAggregates('the memory', make, async (store) => store);
runsSubscriptions('the memory', make);
isAViewStore('the memory', make);
isALedger('the memory', make);
