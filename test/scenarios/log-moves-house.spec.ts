import { pageOf, InstanceView, CloudEvent } from '@strata/contracts';
import type { LogReport } from '@strata/contracts';
import { execFile } from 'node:child_process';
import { appendFileSync, copyFileSync, cpSync, readdirSync, renameSync, statSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '../platform.js';
import { ServerProcess } from '../load/server-process.js';

const commandLine = fileURLToPath(new URL('../../apps/cli/src/main.js', import.meta.url));

type Ran = Readonly<{ exit: number; stdout: string; stderr: string }>;

/** A whole cloud's log, from one home into another, by the command line that people have. */
describe('the logs of a cloud', () => {
  let place: string;
  let cloud: ServerProcess;
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'strata-moves-'));
    await chmod(place, 0o755);
    cloud = await ServerProcess.start();
  }, 60_000);
  afterAll(async () => {
    await cloud?.remove();
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  });

  const strata = async (home: string, ...words: readonly string[]): Promise<Ran> => {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('STRATA_'));
    const env = { ...Object.fromEntries(inherited), STRATA_HOME: home };
    return promisify(execFile)(process.execPath, [commandLine, ...words], { env, maxBuffer: 1 << 26 }).then(
      ({ stdout, stderr }) => ({ exit: 0, stdout, stderr }),
      (error: Readonly<{ code: number; stdout: string; stderr: string }>) => ({ exit: error.code, ...parts(error) }),
    );
  };
  const parts = ({ stdout, stderr }: Readonly<{ stdout: string; stderr: string }>) => ({ stdout, stderr });
  const good = async (home: string, ...words: readonly string[]): Promise<string> => {
    const { exit, stdout, stderr } = await strata(home, ...words);
    if (exit !== 0) throw new Error(`strata ${words.join(' ')} ended with ${exit}: ${stderr}${stdout}`);
    return stdout;
  };
  const verified = async (home: string): Promise<readonly LogReport[]> =>
    JSON.parse(await good(home, 'log', 'verify', '-o', 'json')) as LogReport[]; // by contract
  const ask = async (server: ServerProcess, path: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${server.bearer}` };
    return (await fetch(new URL(path, server.apiUrl), { headers })).json();
  };
  const instances = async (server: ServerProcess) =>
    pageOf(InstanceView).parse(await ask(server, '/v1/instances?pageSize=1000')).items;
  const events = async (server: ServerProcess) =>
    pageOf(CloudEvent).parse(await ask(server, '/v1/events?pageSize=1000')).items;

  it('are copied while it serves, brought back into another home, and are the same there', async () => {
    for (const name of ['web', 'db', 'mail']) {
      await good(cloud.home, 'instance', 'create', name, '--image', 'tiny', '--flavor', 'nano');
    }
    await good(cloud.home, 'instance', 'stop', 'db');
    await good(cloud.home, 'instance', 'delete', 'mail');
    const folder = join(place, 'export');
    await good(cloud.home, 'log', 'export', folder);
    await good(cloud.home, 'instance', 'stop', 'web');
    const manifest = JSON.parse(await good(cloud.home, 'log', 'export', folder, '-o', 'json')) as {
      logs: { name: string; position: number; lastHash: string; segments: unknown[] }[];
    }; // as it is written
    expect(manifest.logs.map(({ name, segments }) => [name, segments.length])).toEqual([
      ['iaas', 2],
      ['identity', 1],
    ]);
    const offline = await strata(cloud.home, 'log', 'verify', '--file', folder);
    expect([offline.exit, offline.stderr]).toEqual([0, expect.stringContaining('a key of this home')]);
    const [were, happened] = [await instances(cloud), await events(cloud)];
    await cloud.stop();

    const home = join(place, 'home');
    cpSync(join(cloud.home, 'master.key'), join(place, 'master.key'));
    const imported = await strata(home, 'log', 'import', folder);
    expect([imported.exit, imported.stdout.replace(/hash [0-9a-f]+|\d+/g, '#')]).toEqual([
      0,
      'iaas: # events, #\nidentity: # events, #\n',
    ]);
    expect((await strata(home, 'log', 'import', folder)).stderr).toContain('not empty');
    // What is sealed in the log, and what the hosts have, is not in it.
    copyFileSync(join(place, 'master.key'), join(home, 'master.key'));
    for (const name of readdirSync(cloud.home).filter((it) => it.startsWith('simulated-host'))) {
      copyFileSync(join(cloud.home, name), join(home, name));
    }
    const other = await ServerProcess.start({ home });
    try {
      const now = await events(other);
      expect(now.slice(0, happened.length)).toEqual(happened);
      const shown = await until('the hosts are seen again', async () => {
        const found = await instances(other);
        return found.every(({ status }) => status !== 'unknown') && found;
      });
      const told = ({ id, name, status, address }: InstanceView) => [id, name, status, address];
      expect(shown.map(told)).toEqual(were.map(told));
      for (const { log, faults, checkpoints, position } of await verified(home)) {
        const before = manifest.logs.find(({ name }) => name === log)?.position ?? Infinity;
        // The key of the home before is known here: what it has signed is believed.
        expect([log, faults, checkpoints > 0, position > before]).toEqual([log, [], true, true]);
      }
      await good(home, 'instance', 'start', 'web');
      await good(home, 'log', 'rebuild');
    } finally {
      await other.remove();
    }
  }, 120_000);

  it('are not brought back from an export that was touched, and nothing is stored', async () => {
    const folder = join(place, 'export');
    const [name = ''] = readdirSync(join(folder, 'iaas'));
    const file = join(folder, 'iaas', name);
    renameSync(file, `${file}.good`);
    copyFileSync(`${file}.good`, file);
    appendFileSync(file, 'x');
    expect(statSync(file).size).toBe(statSync(`${file}.good`).size + 1);
    const home = join(place, 'untouched');
    const { exit, stderr } = await strata(home, 'log', 'import', folder);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('nothing was brought back')]);
    renameSync(`${file}.good`, file);
    expect((await strata(home, 'log', 'import', folder)).exit).toBe(0);
  }, 60_000);
});
