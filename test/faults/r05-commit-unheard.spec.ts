import { startPostgres } from '@strata/embedded-postgres';
import type { Postgres } from '@strata/embedded-postgres';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { Asker } from '../load/asker.js';
import type { Answer, Ask } from '../load/asker.js';
import { Ledger } from '../load/ledger.js';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';
import { CommitCutter } from './commit-cutter.js';
import { evidenceOf } from './evidence.js';
import { extent } from './extent.js';
import { brokenIn } from './invariants.js';
import { TcpProxy } from './tcp-proxy.js';

const Shown = z.object({ status: z.string() });

/*
 * R05. PostgreSQL commits, and the connection is cut before it says so; every other time the answer to the client is lost as
 * well. Whoever asks again under the same key hears the same operation, and there is one instance. Full: 200 creations and 200
 * deletions, a cut for each. In `npm test`: 20 and 20.
 */

const { tries } = extent({ short: { tries: 20 }, full: { tries: 200 } });

/** What is cut in turn: appends to the log, and what follows from it: views with their cursors, and claims. */
const cutAt = ['append ', 'append ', 'save view_operation', 'save view_instance', 'save view_network', 'http_claim'];

describe('R05: a commit that is not heard of', () => {
  let folder: string;
  let postgres: Postgres;
  let toDatabase: TcpProxy;
  let toServer: TcpProxy;
  let cloud: ServerProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-fault-'));
    postgres = await startPostgres({ folder, fsync: false });
    toDatabase = await TcpProxy.to(postgres.port);
    const url = new URL(postgres.url);
    url.port = String(toDatabase.port);
    cloud = await ServerProcess.start({ hosts: 3, env: { STRATA_DATABASE_URL: url.href } });
    toServer = await TcpProxy.to(Number(new URL(cloud.apiUrl).port));
  }, 60_000);

  afterAll(async () => {
    await cloud?.remove();
    await Promise.all([toServer?.close(), toDatabase?.close()]);
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it(`has one effect, ${2 * tries} times`, async () => {
    const ledger = new Ledger();
    const cutter = new CommitCutter(toDatabase);
    const asker = new Asker({ apiUrl: `http://127.0.0.1:${toServer.port}`, bearer: cloud.bearer });
    let unheard = 0;

    const insist = async (ask: Ask & { key: string }): Promise<Answer> =>
      until(
        `${ask.key} is answered`,
        async () => {
          const answer = await asker.ask(ask).catch(() => undefined);
          if (!answer || answer.status >= 500) return void unheard++;
          return answer;
        },
        30,
      );

    const once = async (ask: Ask & { key: string }, index: number): Promise<void> => {
      cutter.arm(cutAt[index % cutAt.length] ?? '');
      if (index % 2 === 1) toServer.watch = loseOneAnswer(toServer);
      const answer = await insist(ask);
      expect([ask.key, answer.status, answer.text]).toEqual([ask.key, 202, expect.any(String)]);
      ledger.acknowledge(ask, answer);
      // What follows from a command is done behind its answer: the cut may still be to come.
      await until(`the cut for ${ask.key}`, async () => !cutter.isArmed, 20);
    };

    for (let index = 0; index < tries; index++) {
      const name = `r05-${index}`;
      const body = { name, image: 'tiny', vcpus: 1, memoryMiB: 128, diskGiB: 1 };
      await once({ method: 'POST', path: '/v1/instances', body, key: `${name}-c` }, index);
    }
    for (let index = 0; index < tries; index++) {
      const name = `r05-${index}`;
      await until(
        `${name} can be deleted`,
        async () => {
          const { status, text } = await cloud.asker.ask({ method: 'GET', path: `/v1/instances/${name}` });
          return status === 200 && Shown.parse(JSON.parse(text)).status === 'running';
        },
        30,
      );
      if (index % 5 === 4) continue;
      await once({ method: 'DELETE', path: `/v1/instances/${name}`, key: `${name}-d` }, index);
    }
    asker.close();
    toServer.watch = () => 'pass';
    const evidence = await evidenceOf(cloud, ledger, postgres.url);

    console.log(`R05: ${cutter.cuts} commits were cut off before they were heard of; ${unheard} tries had no answer`);
    expect(brokenIn(evidence).slice(0, 20)).toEqual([]);
    expect(evidence.instances).toHaveLength(Math.floor(tries / 5));
    expect(cutter.cuts).toBe(ledger.size);
  }, 600_000);
});

/** The next answer of the server does not come through. */
const loseOneAnswer =
  (proxy: TcpProxy): TcpProxy['watch'] =>
  (from) => {
    if (from === 'client') return 'pass';
    proxy.watch = () => 'pass';
    return 'cut';
  };
