import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../run.js';
import type { Io } from '../io.js';

export type Ran = Readonly<{ exit: number; stdout: string; stderr: string }>;

const made: string[] = [];

/** A folder that passes for a checkout, without a server and without credentials; see `removeCheckouts`. */
export const emptyCheckout = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-cli-'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'strata', version: '1.2.3' }));
  made.push(folder);
  return folder;
};

export const removeCheckouts = (): void => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
};

/** Most commands look for nothing in their checkout, and find nothing in this one. */
const nowhere = join(tmpdir(), 'strata-cli-nowhere');

export type World = Readonly<{
  env?: Record<string, string>;
  checkout?: string;
  signal?: AbortSignal;
  isTTY?: boolean;
  confirm?: boolean;
  /** What a person types where nobody sees it, answer by answer. */
  secrets?: readonly string[];
  input?: string;
  fetch?: typeof fetch;
  /** Hears standard output while the command still runs. */
  heard?: (stdout: string) => void;
}>;

const ear = (isTTY: boolean, heard?: (text: string) => void) => {
  let all = '';
  return {
    isTTY,
    write: (text: string) => {
      all += text;
      heard?.(all);
    },
    all: () => all,
  };
};

/** Runs one command line in this process and answers what a shell would see of it. */
export const strata = async (argv: readonly string[], world: World = {}): Promise<Ran> => {
  const stdout = ear(world.isTTY ?? false, world.heard);
  const stderr = ear(world.isTTY ?? false);
  const secrets = [...(world.secrets ?? [])];
  const io: Io = {
    env: world.env ?? {},
    stdout,
    stderr,
    fetch: world.fetch ?? fetch,
    checkout: world.checkout ?? nowhere,
    signal: world.signal ?? new AbortController().signal,
    confirm: () => Promise.resolve(world.confirm),
    secret: () => Promise.resolve(secrets.shift()),
    input: () => Promise.resolve(world.input ?? ''),
  };
  const exit = await run(argv, io);
  return { exit, stdout: stdout.all(), stderr: stderr.all() };
};
