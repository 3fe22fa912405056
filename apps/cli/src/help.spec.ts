import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { api } from '@strata/contracts';
import { checkoutOf } from './ask/home.js';
import { nouns, verbs } from './menu.js';
import { emptyCheckout, removeCheckouts, strata } from './testing/command-line.js';

afterAll(removeCheckouts);

const goldens = join(checkoutOf(import.meta.dirname), 'apps/cli/src/__golden__');

for (const words of [
  '',
  'instance',
  'instance create',
  'instance list',
  'instance exec',
  'instance stop',
  'event tail',
  'log',
  'log verify',
  'down',
  'login',
  'user create',
  'key create',
]) {
  it(`helps with "strata ${words}" as agreed`, async () => {
    const { exit, stdout, stderr } = await strata([...words.split(' ').filter(Boolean), '--help']);
    const path = join(goldens, `${['strata', ...words.split(' ')].filter(Boolean).join('-')}.txt`);
    if (process.env['UPDATE_GOLDEN']) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, stdout);
    }
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toBe(readFileSync(path, 'utf8'));
  });
}

/** What a verb asks for on its way, or has a word of its own. */
const parts = new Set(['why', 'rebuilt', 'checkpoint', 'lines']);

it('offers a word for every endpoint that people ask for', () => {
  const nounsOfContracts: Readonly<Record<string, object>> = api;
  for (const noun of nouns) {
    const offered = noun.verbs.map(({ name }) => name);
    const contracted = Object.keys(nounsOfContracts[`${noun.name}s`] ?? {}).filter((verb) => !parts.has(verb));
    expect(offered).toEqual(expect.arrayContaining(contracted));
  }
  expect(verbs.map(({ name }) => name)).toEqual([
    ...['up', 'down', 'status', 'doctor', 'login', 'logout', 'whoami', 'activity', 'undo', 'why'],
  ]);
});

it('says on standard error what there is when no verb is given, and its version when asked', async () => {
  const { exit, stdout, stderr } = await strata(['instance']);
  expect([exit, stdout]).toEqual([2, '']);
  expect(stderr).toContain('Usage: strata instance');
  expect((await strata(['--version'], { checkout: emptyCheckout() })).stdout).toBe('1.2.3\n');
});
