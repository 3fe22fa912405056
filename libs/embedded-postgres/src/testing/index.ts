export { postgresForTests } from './postgres-for-tests.js';
