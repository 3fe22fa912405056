import { startPostgres } from '@strata/embedded-postgres';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Conditions } from '../bench.js';
import { makeFolder } from '../cloud-process.js';
import { peers } from '../contenders/all.js';
import { ContenderClient } from '../contenders/contender-client.js';
import { Peers } from '../peers/peers.js';
import type { Sample, Task } from '../contenders/task.js';
import { median } from '../figure.js';
import type { Standing } from '../figure.js';

const MEMORY = '/dev/shm';
/** A peer that takes longer over one sample, in seconds, gives no second one. */
const PATIENCE = 4;
const isPeer = (contender: string) => contender in peers;

export type Medium = 'memory' | 'disk';

/** Where this machine can put a database: in memory where it has a file system in memory. */
export const mediaOf = ({ onDisk }: Pick<Conditions, 'onDisk'>): readonly Medium[] =>
  onDisk || !existsSync(MEMORY) ? ['disk'] : ['memory', 'disk'];

/** A task for one contender; the rounds of all of them are taken in turns. */
export type Entry = Readonly<{ contender: string; way?: string; task: Task }>;

/** Everybody who takes part: one server, and for each a database and a process of its own. */
export class Field {
  readonly #clients = new Map<string, ContenderClient>();
  readonly #databases: string[] = [];
  readonly #missing = new Map<string, string>();

  private constructor(
    private readonly tell: (line: string) => void,
    private readonly stopServer: () => Promise<void>,
  ) {}

  /** @throws when ours or the server cannot be made ready; a peer that cannot is missing */
  static async gather(
    medium: Medium,
    who: readonly string[],
    { ends, tell }: Pick<Conditions, 'ends' | 'tell'>,
  ): Promise<Field> {
    const folder = await makeFolder(ends, medium === 'memory' ? MEMORY : undefined);
    const postgres = await startPostgres({ folder: join(folder, 'postgres'), fsync: true });
    const field = new Field(
      tell,
      ends.add(() => postgres.stop()),
    );
    const installed = await Peers.install(tell);
    const admin = new Client({ connectionString: postgres.url });
    await admin.connect();
    for (const [index, contender] of who.entries()) {
      if (isPeer(contender) && typeof installed === 'string') {
        field.#miss(contender, installed);
        continue;
      }
      const database = `contender_${index}`;
      await admin.query(`CREATE DATABASE ${database}`);
      const url = new URL(postgres.url);
      url.pathname = database;
      field.#databases.push(url.href);
      const peersFolder = typeof installed === 'string' ? folder : installed.folder;
      const assignment = { contender, url: url.href, serverPid: postgres.pid, folder, peersFolder };
      try {
        field.#clients.set(contender, await ContenderClient.start(assignment, ends));
      } catch (error) {
        if (!isPeer(contender)) throw error;
        field.#miss(contender, String(error));
      }
    }
    await admin.end();
    return field;
  }

  /** Who takes part still, ours first. */
  get clients(): readonly ContenderClient[] {
    return [...this.#clients.values()];
  }

  /** Who does not, and why. */
  get missing(): ReadonlyMap<string, string> {
    return this.#missing;
  }

  /** Round by round, so that what else the machine does falls on all. Who fails is missing from then on. */
  async standings(entries: readonly Entry[], rounds: number): Promise<readonly Standing[]> {
    const samples = entries.map((): Sample[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, { contender, task }] of entries.entries()) {
        const own = samples[index] ?? [];
        if (isPeer(contender) && own.some(({ seconds }) => seconds > PATIENCE)) continue;
        const sample = await this.try(contender, task);
        if (sample) own.push(sample);
      }
    }
    return entries.flatMap(({ contender, way }, index) => {
      const own = samples[index] ?? [];
      const client = this.#clients.get(contender);
      return client && own.length > 0 ? [standingOf(client, way, own)] : [];
    });
  }

  /** Nothing when it is missing, or fails: then it is missing. @throws when ours fails, or the server's own */
  async try(contender: string, task: Task): Promise<Sample | undefined> {
    const client = this.#clients.get(contender);
    try {
      return await client?.do(task);
    } catch (error) {
      if (!isPeer(contender)) throw error;
      client?.stop();
      this.#clients.delete(contender);
      this.#miss(contender, String(error));
      return undefined;
    }
  }

  /** What the database does after much was written is done now, and not while somebody is measured. */
  async settle(): Promise<void> {
    this.tell('the database tidies up');
    for (const url of this.#databases) {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query('VACUUM ANALYZE');
      await client.end();
    }
  }

  /** Nobody is left that could disturb what is measured next. */
  async end(): Promise<void> {
    for (const client of this.clients) client.stop();
    await this.stopServer();
  }

  #miss(contender: string, why: string) {
    this.#missing.set(contender, why);
    this.tell(`${contender} is missing: ${why}`);
  }
}

const standingOf = (client: ContenderClient, way: string | undefined, samples: readonly Sample[]): Standing => {
  const rates = samples.map(({ events, seconds }) => events / seconds);
  const micros = (part: 'client' | 'server') => median(samples.map((it) => (it[part] * 1e6) / it.events));
  return {
    name: client.name,
    way: way ?? null,
    package: client.version ?? null,
    events: Math.min(...samples.map(({ events }) => events)),
    perSecond: median(rates),
    rounds: rates,
    clientMicros: micros('client'),
    serverMicros: micros('server'),
  };
};
