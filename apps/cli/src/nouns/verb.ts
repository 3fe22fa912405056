import type { Endpoint } from '@strata/contracts';
import type { Client } from '../ask/client.js';
import { usage } from '../ask/failure.js';
import type { Given } from '../ask/request.js';
import type { Globals, Io } from '../io.js';

/** A word that stands by itself: `<name>`, or `<name...>` for several. */
export type Operand = Readonly<{ spec: string; into: string; text: string }>;

/** A flag, and the name under which the contract knows its value. */
export type Flag = Readonly<{
  spec: string;
  into: string;
  text: string;
  /** Turns the word into the value; throws a usage failure. Without it, the word is the value. */
  read?: (word: string) => unknown;
  /** What the flag alone means, when it takes no word. */
  means?: unknown;
  /** Whether it may be given again: the values make a list or one record. */
  repeats?: 'list' | 'record';
  required?: true;
  /** The flag, as `--grace`, that contradicts it. */
  unless?: string;
}>;

/** One invocation of a verb. */
export type Call = Readonly<{
  verb: Verb;
  given: Given;
  globals: Globals;
  io: Io;
  /** Made when first used: what runs on this machine alone needs no credentials. */
  client(): Client;
}>;

/** A line of the menu. Answers the exit code; nothing means 0. */
export type Verb = Readonly<{
  name: string;
  summary: string;
  takes: readonly Operand[];
  flags: readonly Flag[];
  /** What it changes, and whether that can be tried without changing it. */
  changes: 'nothing' | 'dry-runs' | 'always';
  examples?: readonly string[];
  perform(call: Call): Promise<number | void>;
}>;

export type Noun = Readonly<{ name: string; summary: string; verbs: readonly Verb[] }>;

/** A verb with an endpoint of its own and a manner of its own. */
export const special = (
  name: string,
  endpoint: Endpoint,
  parts: Partial<Pick<Verb, 'takes' | 'flags' | 'summary' | 'examples'>> & Pick<Verb, 'perform'>,
): Verb => ({
  name,
  summary: endpoint.summary,
  takes: [],
  flags: [],
  changes: endpoint.method === 'get' ? 'nothing' : 'always',
  ...parts,
});

// ── Words that many verbs share ──────────────────────────────────

export const nameOrId: Operand = { spec: '<name>', into: 'id', text: 'name or id' };
export const namesOrIds: Operand = { spec: '<name...>', into: 'id', text: 'names or ids' };
export const id: Operand = { spec: '<id>', into: 'id', text: 'id' };
export const newName: Operand = { spec: '<name>', into: 'name', text: 'name: lower-case letters, digits, hyphens' };

export const whole = (word: string): number => {
  if (!/^\d{1,15}$/.test(word)) throw usage(`"${word}" is not a whole number`);
  return Number(word);
};

export const amount = (spec: string, into: string, text: string): Flag => ({ spec, into, text, read: whole });

/** The three amounts that make a size, as flavors and quotas say them. */
export const sizes: readonly Flag[] = [
  amount('--vcpus <n>', 'vcpus', 'virtual processors'),
  amount('--memory-mib <n>', 'memoryMiB', 'memory in MiB'),
  amount('--disk-gib <n>', 'diskGiB', 'disk in GiB'),
];

/** The word on the command line for a name of the contract. */
export const wordOf = ({ takes, flags }: Verb, into: string): string =>
  flags.find((it) => it.into === into)?.spec.split(' ')[0] ?? takes.find((it) => it.into === into)?.spec ?? into;
