import { postgresForTests } from '@strata/testing/embedded-postgres';
import {
  isALedger,
  isAnEventLog,
  isAViewStore,
  remembersThePast,
  runsAggregates,
  runsSubscriptions,
} from '../testing/index.js';
import { PostgresEventStore } from './postgres-event-store.js';

let schemas = 0;
const schema = () => `store_${process.pid}_${schemas}`;
const open = async () => PostgresEventStore.open({ url: await postgresForTests(), schema: schema() });
const make = () => {
  schemas++;
  return open();
};

isAnEventLog('PostgreSQL', make);
runsAggregates('PostgreSQL', make, open);
runsSubscriptions('PostgreSQL', make);
isAViewStore('PostgreSQL', make);
remembersThePast('PostgreSQL', make);
isALedger('PostgreSQL', make);
