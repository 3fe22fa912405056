// jest runs what swc compiled (dist): modules load once per worker, as Node loads them, instead of once per file.
export default {
  runner: 'jest-light-runner',
  rootDir: '.',
  roots: ['<rootDir>/dist'],
  testRegex: '\\.spec\\.js$',
  transform: {},
  maxWorkers: 2,
  setupFilesAfterEnv: ['<rootDir>/test/setup.mjs'],
};
