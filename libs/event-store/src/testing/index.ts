export { runsAggregates } from './aggregates.contract.js';
export { isAnEventLog } from './event-log.contract.js';
export { by, until } from './fixtures.js';
export { account, accountHistory, balances, readsOldEvents } from './history.contract.js';
export { writeOldLog } from './old-log.js';
export { remembersThePast } from './past.contract.js';
export { collected, isALedger, verified } from './ledger.contract.js';
export { runsSubscriptions } from './subscriptions.contract.js';
export { isAViewStore } from './view-store.contract.js';
