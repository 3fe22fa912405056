import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../platform.js';
import { codeOf } from './asking/wire.js';
import { Target } from './target.js';
import { nounOf, settle } from './tenancy.js';
import type { Estate } from './tenancy.js';

const IDLE = 5_000;
const LORIS = 200;
/** How many requests of somebody good are measured, and how much slower they may be: on a machine with other things to do. */
const MEASURED = 400;
const SLACK_MS = 10;

describe('S20: more than there is room for', () => {
  let target: Target;
  let alfa: Estate;
  beforeAll(async () => {
    target = await Target.start();
    alfa = await settle(target, 'alfa');
  });
  afterAll(() => target.remove());

  const port = () => Number(new URL(target.server.apiUrl).port);
  const good = () => target.ask(alfa.people.viewer.key, 'GET /v1/instances');

  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(port(), '127.0.0.1', () => resolve(socket));
      socket.once('error', reject);
    });
  /** What is answered to bytes that are sent one part after another, until there is an answer. */
  const exchange = async (parts: Iterable<string>): Promise<string> => {
    const socket = await open();
    let text = '';
    let isOver = false;
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    // Whoever refuses to read on may break the connection off.
    socket.on('error', () => (isOver = true)).once('close', () => (isOver = true));
    for (const part of parts) {
      if (isOver || text !== '') break;
      if (!socket.write(part))
        await Promise.race([
          new Promise((resolve) => socket.once('drain', resolve)),
          until('it goes on', async () => isOver || text !== ''),
        ]);
    }
    await until('there is an answer', async () => isOver || text.includes('\r\n\r\n'), 10);
    socket.destroy();
    return text;
  };
  const p99 = async (): Promise<number> => {
    const times: number[] = [];
    for (let n = 0; n < MEASURED; n++) times.push((await good()).ms);
    return times.toSorted((a, b) => a - b)[Math.floor(MEASURED * 0.99)] ?? NaN;
  };

  it('is a page of any other size than 1 to 1000', async () => {
    const lists = target.api.routes.filter(({ inQuery }) => inQuery.some(({ name }) => name === 'pageSize'));
    expect(lists.length).toBeGreaterThan(8);
    for (const { path } of lists) {
      for (const size of ['1000000000', '1001', '0', '-1', '1.5', '1e9', 'NaN', '', '9007199254740993']) {
        const answer = await target.ask(target.server.bearer, `GET ${path}?pageSize=${size}`);
        expect([path, size, answer.status, codeOf(answer)]).toEqual([path, size, 400, 'request.invalid']);
      }
    }
  });

  it('are a thousand filters', async () => {
    for (const filters of ['name=a&', 'x=1&', 'status=running&']) {
      const answer = await target.ask(alfa.people.viewer.key, `GET /v1/instances?${filters.repeat(1_000)}`);
      expect([filters, answer.status]).toEqual([filters, 400]);
      expect(answer.text.length).toBeLessThan(10_000);
    }
    const many = Array.from({ length: 1_000 }, (_, n) => `f${n}=1`).join('&');
    const { status, text } = await target.ask(alfa.people.viewer.key, `GET /v1/instances?${many}`);
    expect([status, text.length < 10_000]).toEqual([400, true]);
  });

  it('are tokens of pages that somebody has made up: no failure comes of them', async () => {
    const lists = target.api.routes.filter(({ inQuery }) => inQuery.some(({ name }) => name === 'pageToken'));
    const cursors = [
      '',
      'x',
      '0',
      '-1',
      '1e400',
      '999999999999999999',
      'W10',
      placed([null]),
      placed(['\0']),
      placed([['a'], 'b']),
    ];
    const more = [
      placed([{}, 'a']),
      placed(['2020', '\ud800']),
      placed([1e308, 'a']),
      placed(['a', 'b', 'c']),
      '\0',
      'x'.repeat(400),
    ];
    for (const route of lists) {
      const { path } = route;
      const tag = nounOf(route);
      for (const cursor of [...cursors, ...more]) {
        for (const name of [tag, 'own tenants', 'keys of all', 'pools', 'activity']) {
          for (const position of [null, 0, 1, 1e15, -1]) {
            const answer = await target.ask(
              target.server.bearer,
              `GET ${path}?pageToken=${tokenOf(name, cursor, position)}`,
            );
            expect([path, name, cursor, position, answer.status < 500]).toEqual([path, name, cursor, position, true]);
          }
        }
      }
    }
  }, 60_000);

  it('is a body of 10 MB, whether it says so or not', async () => {
    const head = `POST /v1/instances HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${alfa.people.owner.key}\r\ncontent-type: application/json\r\n`;
    expect(await exchange([`${head}content-length: 10485760\r\n\r\n{"name":"`])).toContain(
      '"code":"request.too-large"',
    );
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const chunks = [`${head}transfer-encoding: chunked\r\n\r\n`, ...Array.from({ length: 160 }, () => chunk)];
    expect(await exchange(chunks)).toMatch(/^HTTP\/1\.1 413 |^$/);
    expect((await good()).status).toBe(200);
  }, 30_000);

  it('is a header of 64 KB, or an address', async () => {
    for (const bytes of [
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(65_536)}\r\n\r\n`,
      `GET /${'x'.repeat(65_536)} HTTP/1.1\r\nhost: x\r\n\r\n`,
    ]) {
      expect(await exchange([bytes])).toMatch(/^HTTP\/1\.1 (413|431) /);
    }
    const many = Array.from({ length: 5_000 }, (_, n) => `x${n}: 1\r\n`).join('');
    expect(await exchange([`GET /healthz HTTP/1.1\r\nhost: x\r\n${many}\r\n`])).toMatch(/^HTTP\/1\.1 (413|431|200) /);
  });

  it('hinders nobody: thousands of connections that say nothing, and hundreds that never come to the end', async () => {
    const base = await p99();
    const limit = Number(/Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
    const idle: Socket[] = [];
    for (let n = 0; n < Math.min(IDLE, limit / 2); n += 100)
      idle.push(...(await Promise.all(Array.from({ length: 100 }, open))));
    const slow = await Promise.all(Array.from({ length: LORIS }, open));
    let isOver = false;
    const dribble = async () => {
      for (const socket of slow) socket.write('POST /v1/login HTTP/1.1\r\nhost: x\r\n');
      while (!isOver) {
        for (const socket of slow) if (!socket.destroyed) socket.write('x: y\r\n');
        await pause(500);
      }
    };
    for (const socket of [...idle, ...slow]) socket.on('error', () => undefined).resume();
    const dribbling = dribble();
    const under = await p99();
    await until(
      'those that never come to the end are cut off',
      async () => slow.every(({ destroyed, readableEnded }) => destroyed || readableEnded),
      25,
    );
    isOver = true;
    await dribbling;
    for (const socket of [...idle, ...slow]) socket.destroy();
    const after = await p99();
    expect(idle.length).toBeGreaterThan(400);
    expect({ base, under, after, isBounded: under < 2 * Math.max(base, after) + SLACK_MS }).toMatchObject({
      isBounded: true,
    });
  }, 120_000);
});

const placed = (place: readonly unknown[]) => Buffer.from(JSON.stringify(place)).toString('base64url');

/** As the server makes them: how is no secret, and the sum is only for mistakes. */
const tokenOf = (name: string, cursor: string, position: number | null): string => {
  const sum = createHash('sha256').update(`${name} ${position} ${cursor}`).digest('base64url').slice(0, 8);
  return Buffer.from(JSON.stringify([cursor, position, sum])).toString('base64url');
};
