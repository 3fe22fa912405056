import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { azureTrace, readAzureTrace, twoHours } from '../load/azure-trace.js';
import { Ledger, tallyOf } from '../load/ledger.js';
import { play } from '../load/player.js';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';
import { evidenceOf } from './evidence.js';
import { extent } from './extent.js';
import { brokenIn } from './invariants.js';
import { SmallDisk } from './small-disk.js';

/*
 * R07. PostgreSQL's disk fails under load: each of its fsyncs ends with EIO for a while, injected by strace; and the disk of the
 * whole home, 250 MiB, is filled to the last byte. Meanwhile the API says "not now" or "no space"; what was acknowledged is
 * there; and all goes on by itself when the disk is well. Full: 1,000 events of the trace each; in `npm test`: 250. 2 minutes.
 */

const { events } = extent({ short: { events: 250 }, full: { events: 1_000 } });

const trace = azureTrace();
const slice = 'folder' in trace ? readAzureTrace(trace.folder, twoHours).slice(0, events) : [];

/** Attaching to PostgreSQL takes strace and the right to do so. */
const whyNoTrace = (): string | undefined => {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
  } catch {
    return 'strace is not here';
  }
  return process.getuid?.() === 0 ? undefined : 'PostgreSQL can be attached to by root only';
};

const obstacles = {
  fsync: 'reason' in trace ? trace.reason : whyNoTrace(),
  space: 'reason' in trace ? trace.reason : SmallDisk.whyNot(),
};
if (obstacles.fsync !== undefined) console.warn(`SKIPPED: R07, fsync that fails: ${obstacles.fsync}`);
if (obstacles.space !== undefined) console.warn(`SKIPPED: R07, a disk that is full: ${obstacles.space}`);

/** Plays the slice; in the midst of it the disk fails, for as long as `fail` takes. */
const playWith = async (cloud: ServerProcess, ledger: Ledger, fail: () => Promise<void>): Promise<number> => {
  let isPlaying = true;
  const playing = play(slice, { asker: cloud.asker, ledger, concurrency: 16, withinMs: 180_000 }).finally(
    () => (isPlaying = false),
  );
  await until('a third is acknowledged', async () => ledger.size >= slice.length / 3 || !isPlaying, 120);
  await fail();
  const well = performance.now();
  const heard = new Promise<number>((resolve) => {
    const stop = ledger.onAcknowledged(({ at }) => {
      stop();
      resolve(at - well);
    });
  });
  const backMs = await Promise.race([heard, playing.then(() => 0)]);
  await playing;
  return backMs;
};

const expectWell = async (cloud: ServerProcess, ledger: Ledger) => {
  if (ledger.size < slice.length) console.log(`R07: not well: ${ledger.lastRefusal}\n${cloud.log().slice(-4_000)}`);
  expect(ledger.surprises.slice(0, 5)).toEqual([]);
  expect(ledger.entries().filter(({ ask }) => /-[cd]$/.test(ask.key))).toHaveLength(slice.length);
  expect(brokenIn(await evidenceOf(cloud, ledger)).slice(0, 20)).toEqual([]);
};

describe('R07: a disk that fails', () => {
  (obstacles.fsync === undefined ? it : it.skip)(
    'with EIO on every fsync loses nothing, and is well again by itself',
    async () => {
      const cloud = await ServerProcess.start({ hosts: 10 });
      let strace: ChildProcess | undefined;
      try {
        const ledger = new Ledger();
        const backMs = await playWith(cloud, ledger, async () => {
          const before = ledger.statuses.get(503) ?? 0;
          const { databasePid } = cloud;
          const inject = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO'];
          // The postmaster and all that it has: what it starts from now on is followed as well.
          strace = spawn('strace', [
            '-f',
            '-qq',
            '-o',
            '/dev/null',
            ...inject,
            ...pidsOf(databasePid).flatMap((pid) => ['-p', pid]),
          ]);
          await until('the API has said "not now"', async () => (ledger.statuses.get(503) ?? 0) > before, 60);
          const ended = once(strace, 'exit');
          strace.kill('SIGINT');
          await ended;
        });
        const log = cloud.log();
        console.log(
          `R07: EIO on every fsync: ${tallyOf(ledger.statuses)}; the next command was accepted ${Math.round(backMs)} ms after the end`,
        );
        expect(log).not.toMatch(/Unhandled|uncaught/i);
        expect(backMs).toBeLessThan(10_000);
        await expectWell(cloud, ledger);
      } finally {
        strace?.kill('SIGKILL');
        await cloud.remove();
      }
    },
    300_000,
  );

  (obstacles.space === undefined ? it : it.skip)(
    'without a byte of space loses nothing, and goes on by itself when there is space',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'strata-fault-'));
      const small = SmallDisk.mount(folder, 250);
      const cloud = await ServerProcess.start({ hosts: 10, home: folder });
      try {
        const ledger = new Ledger();
        const filler = join(folder, 'filler');
        const backMs = await playWith(cloud, ledger, async () => {
          await small.fillTo(filler, 0);
          const refused = () => (ledger.statuses.get(507) ?? 0) + (ledger.statuses.get(503) ?? 0);
          await until('the API has said so', async () => refused() > 50, 60);
          await small.fillTo(filler, 0);
          await rm(filler);
        });
        console.log(
          `R07: a full disk: ${tallyOf(ledger.statuses)}; the next command was accepted ${Math.round(backMs)} ms after`,
        );
        expect(ledger.statuses.get(507)).toBeGreaterThan(0);
        expect(backMs).toBeLessThan(20_000);
        await expectWell(cloud, ledger);
      } finally {
        await cloud.remove();
        small.unmount();
        await rm(folder, { recursive: true, force: true });
      }
    },
    300_000,
  );
});

/** A process and its children. */
const pidsOf = (pid: number): readonly string[] => {
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return [
    String(pid),
    ...children
      .split('\n')
      .map((it) => it.trim())
      .filter((it) => it !== ''),
  ];
};
