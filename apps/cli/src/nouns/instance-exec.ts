import { api } from '@strata/contracts';
import { randomUUID } from 'node:crypto';
import { requestOf } from '../ask/request.js';
import { guestText } from '../show/harmless.js';
import { print } from '../show/output.js';
import type { Call } from './verb.js';
import { wordOf } from './verb.js';

const endpoint = api.instances.exec;

/** What the server adds to the guest's own time, in milliseconds. */
const margin = 30_000;

/** An exit code that a shell can say: a failure stays a failure when its number has no place in eight bits. */
const shellCode = (code: number): number => (code !== 0 && code % 256 === 0 ? 1 : code & 0xff);

/** Runs a command in the guest as if it ran here: its output is ours, and so is its exit code. */
export const execute = async ({ verb, given, globals, io, client }: Call): Promise<number> => {
  const { timeoutSeconds } = globals;
  const request = requestOf(
    endpoint,
    { ...given, ...(timeoutSeconds !== undefined && { timeoutSeconds: Math.ceil(timeoutSeconds) }) },
    (key) => (key === 'timeoutSeconds' ? '--timeout' : wordOf(verb, key)),
  );
  const answer = await client().ask(endpoint, request, {
    idempotencyKey: globals.idempotencyKey ?? randomUUID(),
    limit: (timeoutSeconds ?? 60) * 1000 + margin,
  });
  if (globals.output === 'table' || globals.output === 'name') {
    io.stdout.write(guestText(answer.stdout, io.stdout));
    io.stderr.write(guestText(answer.stderr, io.stderr));
  } else {
    await print(io, globals, answer, { columns: {}, name: 'exitCode' });
  }
  return shellCode(answer.exitCode);
};
