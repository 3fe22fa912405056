import { Logger } from '@nestjs/common';
import { startPostgres } from '@strata/embedded-postgres';
import { PostgresEventStore } from '@strata/event-store';
import type { NewEvent } from '@strata/event-store';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import { v7 } from 'uuid';
import type { Measurement } from './bench.js';
import { makeFolder } from './cloud-process.js';
import type { Ends } from './ends.js';
import { known, median, short, timesTheirs } from './figure.js';
import { usageOf } from './processes.js';

const CALLERS = [1, 8, 32];
const ROUNDS = 5;
const ROUND_MS = 700;
const STREAM_LENGTH = 50;
const MEMORY = '/dev/shm';

/** Stores one event as the given version of a stream. */
type Append = (stream: string, version: number) => Promise<void>;
type Contender = Readonly<{ append: Append }>;
type Sample = Readonly<{ perSecond: number; cpuMicros: number }>;

/** Events a second into our log, beside the least that SQL needs for an event with an expected version. */
export const measureAppend: Measurement = async ({ ends, onDisk, tell }) => {
  // Connections that end with their server are no news.
  Logger.overrideLogger(['error', 'fatal']);
  const isInMemory = !onDisk && existsSync(MEMORY);
  const folder = await makeFolder(ends, isInMemory ? MEMORY : undefined);
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), fsync: true });
  ends.add(() => postgres.stop());
  const [ours, theirs] = [await log(postgres.url, ends), await plain(postgres.url, ends)];
  const figures = [];
  for (const callers of CALLERS) {
    tell(`${callers} ${callers === 1 ? 'caller' : 'callers'}, ${isInMemory ? 'in memory' : 'on disk'}`);
    const samples = { ours: [] as Sample[], theirs: [] as Sample[] };
    for (let round = 0; round <= ROUNDS; round++) {
      // Taken in turns, so that what else the machine does falls on both. The first round only makes them warm.
      const pair = {
        ours: await sample(ours, callers, postgres.pid),
        theirs: await sample(theirs, callers, postgres.pid),
      };
      if (round === 0) continue;
      samples.ours.push(pair.ours);
      samples.theirs.push(pair.theirs);
    }
    const rate = (all: readonly Sample[]) => median(all.map(({ perSecond }) => perSecond));
    const cpu = (all: readonly Sample[]) => short(median(all.map(({ cpuMicros }) => cpuMicros)));
    const measured = {
      name: `append, ${callers} ${callers === 1 ? 'caller' : 'callers'}, ${isInMemory ? 'memory' : 'disk'}`,
      unit: 'events/s',
      ours: rate(samples.ours),
      versus: 'plain INSERT',
      theirs: rate(samples.theirs),
      note: `CPU µs per event, client and server: ours ${cpu(samples.ours)}, theirs ${cpu(samples.theirs)}`,
    };
    figures.push(callers === Math.max(...CALLERS) ? timesTheirs(2, measured) : known(measured));
  }
  return figures;
};

const log = async (url: string, ends: Ends): Promise<Contender> => {
  const store = await PostgresEventStore.open({ url, schema: 'bench' });
  ends.add(() => store.close());
  return {
    async append(stream, version) {
      const at = new Date().toISOString();
      const meta = { ...origin, commandId: v7(), at };
      const { outcome } = await store.log.append({
        stream,
        expectedVersion: version - 1,
        events: [event(version)],
        meta,
      });
      if (outcome !== 'appended') throw new Error(`version ${version} of ${stream}: ${outcome}`);
    },
  };
};

/** Two callers that expect the same version are told apart by the unique index; nothing else is promised. */
const plain = async (url: string, ends: Ends): Promise<Contender> => {
  const pool = new Pool({ connectionString: url, max: Math.max(...CALLERS) });
  // The server may be stopped while connections lie idle; whoever uses one hears of it from the statement.
  pool.on('error', () => undefined);
  ends.add(() => pool.end());
  await pool.query(`
    CREATE TABLE plain_event (
      position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text NOT NULL, version int NOT NULL,
      type text NOT NULL, id uuid NOT NULL, at timestamptz NOT NULL, data json NOT NULL, meta json NOT NULL,
      UNIQUE (stream, version)
    )`);
  const text =
    'INSERT INTO plain_event (stream, version, type, id, at, data, meta) VALUES ($1, $2, $3, $4, $5, $6, $7)';
  return {
    async append(stream, version) {
      const { type, data } = event(version);
      const at = new Date().toISOString();
      const meta = JSON.stringify({ ...origin, commandId: v7() });
      await pool.query({ name: 'plain', text, values: [stream, version, type, v7(), at, JSON.stringify(data), meta] });
    },
  };
};

/** Each caller appends one event after the other for the length of a round, to streams of its own. */
const sample = async ({ append }: Contender, callers: number, postgres: number): Promise<Sample> => {
  const usedBefore = await usageOf(postgres);
  const ownBefore = process.cpuUsage();
  const began = performance.now();
  let stored = 0;
  const call = async () => {
    for (let stream = '', version = STREAM_LENGTH; performance.now() - began < ROUND_MS; stored++) {
      if (version === STREAM_LENGTH) [stream, version] = [`thing-${v7()}`, 0];
      await append(stream, ++version);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(ownBefore);
  const used = await usageOf(postgres);
  const server = (used.own + used.below - usedBefore.own - usedBefore.below) * 1e6;
  return { perSecond: stored / seconds, cpuMicros: (user + system + server) / stored };
};

const origin = { tenantId: 'ten_bench', actor: 'user_bench', correlationId: 'req_bench', causationId: 'req_bench' };

const event = (version: number): NewEvent => ({
  type: 'InstancePowerObserved',
  data: { instanceId: 'inst_01jd6z2v5e8k3m9x4q7r1t0w2y', hostId: 'host_sim0001', power: 'on', generation: version },
});
