import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { Ledger } from '../load/ledger.js';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';
import { evidenceOf } from './evidence.js';
import { brokenIn } from './invariants.js';
import { SmallDisk } from './small-disk.js';

const Shown = z.object({ status: z.string() });

/*
 * R22. A process that may have 256 files open is asked over 400 connections, and a home whose disk is nearly full is asked for
 * more: who comes too much is told so, with a reason, and everything is well when others have gone and there is space. 30 s.
 */

const creation = (name: string) =>
  ({
    method: 'POST',
    path: '/v1/instances',
    body: { name, image: 'tiny', vcpus: 1, memoryMiB: 128, diskGiB: 1 },
    key: name,
  }) as const;

const hasPrlimit = (): boolean => {
  try {
    execFileSync('prlimit', ['--version']);
    return true;
  } catch {
    return false;
  }
};
if (!hasPrlimit()) console.warn('SKIPPED: R22, few file descriptors: prlimit (util-linux) is not here');

describe('R22: 256 files', () => {
  (hasPrlimit() ? it : it.skip)(
    'are enough to serve some, to tell the others why not, and to serve all when some have gone',
    async () => {
      const cloud = await ServerProcess.start({ hosts: 3, within: ['prlimit', '--nofile=256:256'] });
      const crowd: Socket[] = [];
      try {
        const ledger = new Ledger();
        const create = async (name: string) => {
          const ask = creation(name);
          const answer = await cloud.asker.ask(ask);
          if (answer.status === 202) ledger.acknowledge(ask, answer);
          return answer;
        };
        expect((await create('before')).status).toBe(202);

        const port = Number(new URL(cloud.apiUrl).port);
        const answers: string[] = [];
        let ended = 0;
        for (let n = 0; n < 400; n++) {
          const socket = connect(port, '127.0.0.1');
          socket.on('error', () => undefined).on('close', () => (ended += 1));
          socket.on('data', (text) => answers.push(String(text)));
          crowd.push(socket);
          await once(socket, 'connect').catch(() => undefined);
          socket.write(`GET /v1/whoami HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${cloud.bearer}\r\n\r\n`);
        }
        await until('everybody was answered or ended', async () => answers.length + ended >= 400, 20);
        const told = (start: string) => answers.filter((it) => it.startsWith(`HTTP/1.1 ${start}`));
        const [served, refused] = [told('200'), told('503')];
        expect(served.length + refused.length).toBe(answers.length);
        expect(served.length).toBeGreaterThan(50);
        expect(refused.length).toBeGreaterThan(0);
        for (const text of refused) {
          expect(text).toMatch(/retry-after: 1\r\n/i);
          expect(text).toContain('"code":"service.overloaded"');
        }
        console.log(
          `R22: of 400 connections with 256 files, ${served.length} were served and ${refused.length} were told why not`,
        );

        for (const socket of crowd) socket.destroy();
        await until(
          'commands are accepted again',
          async () => (await create('after').catch(() => undefined))?.status === 202,
          20,
        );
        expect(cloud.log()).not.toMatch(/EMFILE/);
        expect(brokenIn(await evidenceOf(cloud, ledger))).toEqual([]);
      } finally {
        for (const socket of crowd) socket.destroy();
        await cloud.remove();
      }
    },
    120_000,
  );
});

const disk = SmallDisk.whyNot();
if (disk !== undefined) console.warn(`SKIPPED: R22, a disk that is nearly full: ${disk}`);

describe('R22: a disk that is nearly full', () => {
  (disk === undefined ? it : it.skip)(
    'is told of before it is full, and takes more when there is space again',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'strata-fault-'));
      const small = SmallDisk.mount(folder, 400);
      const cloud = await ServerProcess.start({ hosts: 2, home: folder });
      try {
        const ledger = new Ledger();
        const create = async (name: string) => {
          const ask = creation(name);
          const answer = await cloud.asker.ask(ask);
          if (answer.status === 202) ledger.acknowledge(ask, answer);
          return answer;
        };
        expect((await create('before')).status).toBe(202);
        const filler = join(folder, 'filler');
        await small.fillTo(filler, 40);
        let refused: Awaited<ReturnType<typeof create>> | undefined;
        await until(
          'more is refused',
          async () => {
            refused = await create(`during-${ledger.size}-${performance.now().toFixed(0)}`);
            return refused.status !== 202;
          },
          20,
        );
        expect([refused?.status, refused?.headers['retry-after']]).toEqual([507, '10']);
        expect(JSON.parse(refused?.text ?? '')).toMatchObject({
          code: 'storage.full',
          detail: expect.stringMatching(/MiB are left/),
        });
        const ready = JSON.parse((await cloud.asker.ask({ method: 'GET', path: '/readyz' })).text);
        expect(ready).toMatchObject({ status: 'degraded', checks: { disk: expect.stringMatching(/MiB are left/) } });
        // Reading goes on, and so does deleting, which makes room.
        expect((await cloud.asker.ask({ method: 'GET', path: '/v1/instances' })).status).toBe(200);
        await until(
          'it runs',
          async () => {
            const { text } = await cloud.asker.ask({ method: 'GET', path: '/v1/instances/before' });
            return Shown.parse(JSON.parse(text)).status === 'running';
          },
          20,
        );
        const removal = { method: 'DELETE', path: '/v1/instances/before', key: 'delete' } as const;
        const removed = await cloud.asker.ask(removal);
        expect(removed.status).toBe(202);
        ledger.acknowledge(removal, removed);

        await rm(filler);
        await until('more is taken again', async () => (await create('after')).status === 202, 20);
        expect(brokenIn(await evidenceOf(cloud, ledger))).toEqual([]);
      } finally {
        await cloud.remove();
        small.unmount();
        await rm(folder, { recursive: true, force: true });
      }
    },
    120_000,
  );
});
