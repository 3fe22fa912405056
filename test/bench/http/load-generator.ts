import { Agent, request } from 'node:http';
import { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Load, LoadResult } from './load.js';

/*
 * An open loop: requests leave when they are due, whether or not earlier ones were answered, as those of people do. A
 * server that stalls is then charged with everybody who came meanwhile; a closed loop would wait politely and hide it.
 */

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

const post = ({ apiUrl, key }: Load, name: string): Promise<string> => {
  const body = JSON.stringify({ name, image: 'tiny', flavor: 'nano' });
  return new Promise((resolve) => {
    const sent = request(
      `${apiUrl}/v1/instances`,
      {
        agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'idempotency-key': name,
        },
      },
      (response) => response.resume().once('end', () => resolve(String(response.statusCode))),
    );
    sent.once('error', (error) => resolve(error.message));
    sent.setTimeout(30_000, () => sent.destroy(new Error('no answer within 30 s')));
    sent.end(body);
  });
};

const run = async (load: Load): Promise<LoadResult> => {
  const { perSecond, seconds, prefix } = load;
  const acceptMs: number[] = [];
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
      post(load, `${prefix}-${index + 1}`).then((answer) => {
        if (answer === '202') acceptMs.push(performance.now() - due);
        else refused[answer] = (refused[answer] ?? 0) + 1;
      }),
    );
  }
  await Promise.all(answers);
  agent.destroy();
  return { acceptMs, refused, lateMs };
};

// Started by us, with an argument made by us.
const result = await run(JSON.parse(argv[2] ?? '') as Load);
process.stdout.write(`${JSON.stringify(result)}\n`);
