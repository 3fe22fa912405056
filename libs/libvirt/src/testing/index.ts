export { FakeDaemon } from './fake-daemon.js';
export type { FakeAnswers } from './fake-daemon.js';
export { PrivateDaemon } from './private-daemon.js';
export { failureOf, until } from './waiting.js';
