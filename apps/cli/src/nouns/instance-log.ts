import { api } from '@strata/contracts';
import { requestOf } from '../ask/request.js';
import { guestText } from '../show/harmless.js';
import { print } from '../show/output.js';
import type { Call } from './verb.js';
import { wordOf } from './verb.js';

const pollMs = 500;
/** A server that is being restarted comes back within this. In milliseconds. */
const patience = 30_000;

/** What of `now` was not in `before` yet, where both are the last bytes of a text that grows. */
export const newPart = (before: string, now: string): string => {
  for (let overlap = Math.min(before.length, now.length); overlap > 0; overlap -= 1) {
    if (before.endsWith(now.slice(0, overlap))) return now.slice(overlap);
  }
  return now;
};

/** Writes what the guest wrote to its console; follows it by asking again, because the log has no stream of its own. */
export const log = async ({ verb, given, globals, io, client }: Call): Promise<void> => {
  const { follow, ...words } = given;
  const request = requestOf(api.instances.log, words, (key) => wordOf(verb, key));
  let answer = await client().ask(api.instances.log, request);
  if (!follow && globals.output !== 'table') {
    return print(io, globals, answer, { columns: {}, name: 'log' });
  }
  io.stdout.write(guestText(answer.log, io.stdout));
  while (follow) {
    await client().sleep(pollMs);
    const next = await client().ask(api.instances.log, request, { patience });
    io.stdout.write(guestText(newPart(answer.log, next.log), io.stdout));
    answer = next;
  }
};
