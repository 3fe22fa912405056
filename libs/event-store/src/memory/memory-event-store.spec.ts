import { isAnEventLog, isAViewStore, runsSubscriptions } from '../testing/index.js';
import { MemoryEventStore } from './memory-event-store.js';

isAnEventLog('the memory', async () => new MemoryEventStore());
runsSubscriptions('the memory', async () => new MemoryEventStore());
isAViewStore('the memory', async () => new MemoryEventStore());
