import { startPostgres } from '@strata/embedded-postgres';
import type { Postgres } from '@strata/embedded-postgres';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Asker } from '../load/asker.js';
import { Ledger } from '../load/ledger.js';
import { isHonest } from '../load/player.js';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';
import { evidenceOf } from './evidence.js';
import { extent } from './extent.js';
import { Follower } from './follower.js';
import { brokenIn } from './invariants.js';
import { TcpProxy } from './tcp-proxy.js';

/*
 * R15, as far as there is no broker. The way to PostgreSQL is slow, or half open; the way to the API is half open; askers send
 * a byte a second, or nothing. Whoever asks is answered within a bound, nothing is lost, and in the end no connection is left
 * over. Full: 300 bad askers; in `npm test`: 40. 2 minutes.
 */

const { askers } = extent({ short: { askers: 40 }, full: { askers: 300 } });

/** A database is waited for for 10 s at most, by whoever asks it one thing after another twice as long. */
const ANSWERED_WITHIN = 30_000;

describe('R15: bad networks', () => {
  let folder: string;
  let postgres: Postgres;
  let toDatabase: TcpProxy;
  let toServer: TcpProxy;
  let cloud: ServerProcess;
  const ledger = new Ledger();
  let names = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-fault-'));
    postgres = await startPostgres({ folder, fsync: false });
    toDatabase = await TcpProxy.to(postgres.port);
    const url = new URL(postgres.url);
    url.port = String(toDatabase.port);
    cloud = await ServerProcess.start({ hosts: 2, env: { STRATA_DATABASE_URL: url.href } });
    toServer = await TcpProxy.to(Number(new URL(cloud.apiUrl).port));
    await create();
  }, 60_000);

  afterAll(async () => {
    await cloud?.remove();
    await Promise.all([toServer?.close(), toDatabase?.close()]);
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const asking = () => {
    const key = `r15-${++names}`;
    const body = { name: key, image: 'tiny', vcpus: 1, memoryMiB: 128, diskGiB: 1 };
    return { method: 'POST', path: '/v1/instances', body, key } as const;
  };

  /** Creates an instance, however often it has to be asked for. @returns after how many milliseconds it was accepted */
  const create = async (): Promise<number> => {
    const began = performance.now();
    const ask = asking();
    await until(
      `${ask.key} is accepted`,
      async () => {
        const answer = await cloud.asker.ask(ask).catch(() => undefined);
        if (answer?.status === 202) ledger.acknowledge(ask, answer);
        return answer?.status === 202;
      },
      60,
    );
    return performance.now() - began;
  };

  const files = () => readdirSync(`/proc/${cloud.pid}/fd`).length;
  /** Pools give connections back that nobody has used for ten seconds. */
  const backTo = (base: number) => until(`no more than ${base} files are open`, async () => files() <= base, 60);

  it('a database that answers two seconds late makes everything slow and nothing wrong', async () => {
    toDatabase.delayMs = 1_000;
    const accepted = await create();
    toDatabase.delayMs = 0;
    console.log(
      `R15: with 2 s to the database and back, a creation was accepted after ${(accepted / 1000).toFixed(1)} s`,
    );
    expect(accepted).toBeGreaterThan(2_000);
    expect(accepted).toBeLessThan(ANSWERED_WITHIN);
  }, 60_000);

  it('a database that accepts and says nothing is told of within a bound, and made up for as soon as it speaks', async () => {
    const base = files();
    toDatabase.fallSilent();
    const asker = new Asker(cloud, { connections: 100, patienceMs: 60_000 });
    const began = performance.now();
    const asks = Array.from({ length: 20 }, (_, n) =>
      n % 2 === 0 ? asking() : ({ method: 'GET', path: '/v1/instances' } as const),
    );
    const answers = await Promise.all(
      asks.map(async (ask) => {
        const answer = await asker.ask(ask);
        return { answer, ms: performance.now() - began };
      }),
    );
    const { status: live } = await asker.ask({ method: 'GET', path: '/healthz' });
    const silentMs = performance.now() - began;
    toDatabase.speak();
    toDatabase.cut();
    const back = await create();
    asker.close();

    const longest = Math.max(...answers.map(({ ms }) => ms));
    console.log(
      `R15: while the database was silent for ${(silentMs / 1000).toFixed(1)} s, 20 requests were answered ` +
        `"not now" within ${(longest / 1000).toFixed(1)} s; the next was accepted ${Math.round(back)} ms after it spoke`,
    );
    expect(live).toBe(200);
    expect(answers.map(({ answer }) => answer).filter((it) => !isHonest(it))).toEqual([]);
    expect(longest).toBeLessThan(ANSWERED_WITHIN);
    expect(back).toBeLessThan(10_000);
    await backTo(base);
  }, 150_000);

  it('askers who send nothing, or a byte a second, are ended, and others do not notice', async () => {
    const base = files();
    const bad: Socket[] = [];
    const beats: NodeJS.Timeout[] = [];
    const ended = { silent: 0, slow: 0 };
    const port = Number(new URL(cloud.apiUrl).port);
    for (let n = 0; n < askers; n++) {
      const kind = n % 2 === 0 ? 'silent' : 'slow';
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined).on('close', () => (ended[kind] += 1));
      socket.resume();
      await once(socket, 'connect');
      bad.push(socket);
      if (kind === 'silent') continue;
      const text = `POST /v1/instances HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${cloud.bearer}\r\nx: ${'y'.repeat(900)}`;
      let at = 0;
      beats.push(setInterval(() => socket.writable && socket.write(text[at++ % text.length] ?? ''), 1_000));
    }
    const took = await create();
    await until('every one of them has been ended', async () => ended.silent + ended.slow === askers, 60);
    for (const beat of beats) clearInterval(beat);
    for (const socket of bad) socket.destroy();
    console.log(`R15: ${askers} bad askers were ended; meanwhile a creation was accepted after ${Math.round(took)} ms`);
    expect(took).toBeLessThan(2_000);
    await backTo(base);
  }, 150_000);

  it('followers and askers whose way is half open leave nothing behind when they are gone', async () => {
    const base = files();
    const place = { apiUrl: `http://127.0.0.1:${toServer.port}`, bearer: cloud.bearer };
    const followers = Array.from({ length: 20 }, () => new Follower(place, 0));
    const asker = new Asker(place, { connections: 20, patienceMs: 60_000 });
    await until('everybody follows', async () => followers.every((it) => it.positions.length > 0), 20);
    toServer.fallSilent();
    const lost = Array.from({ length: 20 }, () =>
      asker.ask({ method: 'GET', path: '/v1/instances' }).catch(() => 'lost'),
    );
    await create();
    await pause(1_000);
    toServer.speak();
    toServer.cut();
    await Promise.all(lost);
    await Promise.all(followers.map((it) => it.stop()));
    asker.close();
    await backTo(base);
  }, 120_000);

  it('has lost nothing in the end', async () => {
    expect(brokenIn(await evidenceOf(cloud, ledger, postgres.url)).slice(0, 20)).toEqual([]);
  }, 120_000);
});
