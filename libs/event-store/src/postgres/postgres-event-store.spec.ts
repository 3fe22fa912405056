import { postgresForTests } from '@strata/testing/embedded-postgres';
import { isAnEventLog, isAViewStore, runsSubscriptions } from '../testing/index.js';
import { PostgresEventStore } from './postgres-event-store.js';

let schemas = 0;
const make = async () =>
  PostgresEventStore.open({ url: await postgresForTests(), schema: `store_${process.pid}_${++schemas}` });

isAnEventLog('PostgreSQL', make);
runsSubscriptions('PostgreSQL', make);
isAViewStore('PostgreSQL', make);
