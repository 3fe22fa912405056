import { Agent, request } from 'node:http';
import type { RequestOptions } from 'node:http';
import { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Load, LoadResult } from './load.js';

/*
 * An open loop: requests leave when they are due, whether or not earlier ones were answered, as those of people do. A
 * server that stalls is then charged with everybody who came meanwhile; a closed loop would wait politely and hide it.
 */

type Request = Readonly<{
  path: string;
  options: RequestOptions;
  body: string | undefined;
  isWanted(status: number | undefined, text: string): boolean;
}>;

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

const requestOf = ({ ask, key }: Load, number: number): Request => {
  const authorization = `Bearer ${key}`;
  if (ask.what === 'pages') {
    return {
      path: ask.paths[number % ask.paths.length] ?? '',
      options: { headers: { authorization } },
      body: undefined,
      isWanted: (status, text) => status === 200 && itemsIn(text) === ask.items,
    };
  }
  const name = `${ask.prefix}-${number + 1}`;
  const body = JSON.stringify({ name, image: 'tiny', flavor: 'nano' });
  const headers = {
    authorization,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'idempotency-key': name,
  };
  return { path: '/v1/instances', options: { method: 'POST', headers }, body, isWanted: (status) => status === 202 };
};

const itemsIn = (text: string) => (JSON.parse(text) as { items: unknown[] }).items.length; // A page, by contract.

/** Answers what went wrong, and by when the whole answer was there. */
const send = (apiUrl: string, { path, options, body, isWanted }: Request) =>
  new Promise<Readonly<{ at: number; trouble: string | undefined }>>((resolve) => {
    const sent = request(`${apiUrl}${path}`, { agent, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('end', () => {
        const at = performance.now();
        resolve({ at, trouble: isWanted(response.statusCode, text) ? undefined : String(response.statusCode) });
      });
    });
    sent.once('error', (error) => resolve({ at: performance.now(), trouble: error.message }));
    sent.setTimeout(30_000, () => sent.destroy(new Error('no answer within 30 s')));
    sent.end(body);
  });

const run = async (load: Load): Promise<LoadResult> => {
  const { perSecond, seconds, apiUrl } = load;
  const answeredMs: number[] = [];
  const refused: Record<string, number> = {};
  const answers: Promise<void>[] = [];
  const total = perSecond * seconds;
  let lateMs = 0;

  const began = performance.now();
  const dueAt = (index: number) => began + (index * 1000) / perSecond;
  for (let index = 0; index < total; index++) {
    if (dueAt(index) > performance.now()) await pause(dueAt(index) - performance.now());
    const due = dueAt(index);
    lateMs = Math.max(lateMs, performance.now() - due);
    answers.push(
      send(apiUrl, requestOf(load, index)).then(({ at, trouble }) => {
        if (trouble === undefined) answeredMs.push(at - due);
        else refused[trouble] = (refused[trouble] ?? 0) + 1;
      }),
    );
  }
  await Promise.all(answers);
  agent.destroy();
  return { answeredMs, refused, lateMs };
};

// Started by us, with an argument made by us.
const result = await run(JSON.parse(argv[2] ?? '') as Load);
process.stdout.write(`${JSON.stringify(result)}\n`);
