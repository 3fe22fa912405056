import { api } from '@strata/contracts';
import { requestOf } from '../ask/request.js';
import { print } from '../show/output.js';
import { aligned } from '../show/table.js';
import { cellOf } from '../show/view.js';
import type { Call } from './verb.js';
import { wordOf } from './verb.js';

/** Sentences first, then what happened last, then what may be asked and why not the rest. */
export const explain = async ({ verb, given, globals, io, client }: Call): Promise<void> => {
  const request = requestOf(api.instances.explain, given, (key) => wordOf(verb, key));
  const answer = await client().ask(api.instances.explain, request);
  if (globals.output !== 'table') return print(io, globals, answer, { columns: {}, name: 'id' });
  const { name, status, task, because, events, verbs } = answer;
  io.stdout.write(`${cellOf(name)} is ${status}${task === null ? '' : ` (${task})`}\n\n`);
  for (const sentence of because) io.stdout.write(`${cellOf(sentence)}\n`);
  io.stdout.write('\n');
  const rows = events.map(({ position, at, type, by }) => [`#${position}`, at, cellOf(type), cellOf(by)]);
  io.stdout.write(aligned([['POSITION', 'TIME', 'EVENT', 'BY'], ...rows]));
  io.stdout.write('\n');
  io.stdout.write(aligned(verbs.map((it) => [it.verb, it.allowed ? 'yes' : 'no', cellOf(it.because)])));
};
