import { removeEverything } from '@strata/hypervisor';
import { execFile } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { v4 } from 'uuid';
import { z } from 'zod';
import { CannotMeasure } from './bench.js';
import type { Conditions, Measurement } from './bench.js';
import { CloudProcess, makeFolder } from './cloud-process.js';
import { atMost, median, short } from './figure.js';

const ROUNDS = 10;
const LIMIT = 300;
const LOOK = 5;
const IMAGE_WITHIN = 180_000;
const WITHIN = 60_000;

const Operation = z.object({
  id: z.string(),
  status: z.string(),
  statusReason: z.string().nullable(),
  resource: z.object({ id: z.string() }),
});
type Operation = z.infer<typeof Operation>;

/** How much of the time from a request to a running guest is ours, and not the hypervisor's. */
export const measureCreate: Measurement = async (conditions) => {
  const { ends, tell } = conditions;
  await virsh('version').catch((error: unknown) => {
    throw new CannotMeasure(`libvirt cannot be used here: ${String(error)}`);
  });
  if (process.getuid?.() !== 0) throw new CannotMeasure('guests on libvirt need root');
  const home = await makeFolder(ends);
  ends.add(() => removeEverything(home));
  const cloud = await CloudProcess.start({ home, hypervisor: 'libvirt' }, conditions);
  tell('making the image');
  await ended(cloud, await ask(cloud, 'POST', '/v1/images', { recipe: 'tiny' }), IMAGE_WITHIN);

  const bare = await equalGuest(cloud, home, conditions);
  const samples = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 1; round <= ROUNDS; round++) {
    tell(`guest ${round} of ${ROUNDS}`);
    const { ms, instanceId } = await create(cloud, `bench-${round}`);
    samples.ours.push(ms);
    await ended(cloud, await ask(cloud, 'DELETE', `/v1/instances/${instanceId}`), WITHIN);
    samples.theirs.push(await bare());
  }
  await cloud.stop();
  const [ours, theirs] = [median(samples.ours), median(samples.theirs)];
  return [
    atMost(LIMIT, {
      name: 'create → running, our share',
      unit: 'ms',
      ours: ours - theirs,
      versus: 'virsh define + start',
      theirs,
      note: `${ROUNDS} rounds in turns: whole ${spread(samples.ours)}, virsh ${spread(samples.theirs)}`,
    }),
  ];
};

const spread = (all: readonly number[]) =>
  `${short(median(all))} (${short(Math.min(...all))} to ${short(Math.max(...all))})`;

/** From the request until the status says `running`, in milliseconds. */
const create = async (cloud: CloudProcess, name: string) => {
  const began = performance.now();
  const { id, resource } = await ask(cloud, 'POST', '/v1/instances', { name, image: 'tiny', flavor: 'nano' });
  for (;;) {
    const { status } = z.object({ status: z.string() }).parse(await cloud.ask('GET', `/v1/instances/${resource.id}`));
    if (status === 'running') break;
    if (performance.now() - began > WITHIN || status === 'error') throw new Error(`${name} is ${status}`);
    await pause(LOOK);
  }
  const ms = performance.now() - began;
  await ended(cloud, Operation.parse(await cloud.ask('GET', `/v1/operations/${id}`)), WITHIN);
  return { ms, instanceId: resource.id };
};

const ask = async (cloud: CloudProcess, method: 'POST' | 'DELETE', path: string, body?: object): Promise<Operation> =>
  Operation.parse(await cloud.ask(method, path, body));

const ended = async (cloud: CloudProcess, operation: Operation, within: number): Promise<void> => {
  for (const deadline = Date.now() + within; ;) {
    const { status, statusReason } = Operation.parse(await cloud.ask('GET', `/v1/operations/${operation.id}`));
    if (status === 'succeeded') return;
    if (Date.now() > deadline || !['running', 'undoing'].includes(status))
      throw new Error(`operation ${operation.id} is ${status}: ${statusReason}`);
    await pause(50);
  }
};

/**
 * A guest with the definition of one of ours, but a name, an address and a disk of its own. Answers how to define and start
 * it bare, and how many milliseconds that took; afterwards it is gone again.
 */
const equalGuest = async (cloud: CloudProcess, home: string, { ends, tell }: Conditions) => {
  const { instanceId } = await create(cloud, 'bench-pattern');
  const { stdout: names } = await virsh('list --name');
  const pattern = names.split('\n').find((it) => it.includes(instanceId));
  if (pattern === undefined) throw new Error(`libvirt knows no domain of ${instanceId}`);
  const { stdout: xml } = await virsh(`dumpxml --inactive ${pattern}`);
  const name = `strata-bench-${process.pid}`;
  const [disk, firstBoot] = [join(home, 'bench.qcow2'), join(home, 'bench-first-boot')];
  const [, root = ''] = /<source file='([^']+)'/.exec(xml) ?? [];
  const [, given = ''] = /<entry name='[^']+' file='([^']+)'/.exec(xml) ?? [];
  await copyFile(root, disk);
  await copyFile(given, firstBoot);
  const definition = xml
    .replace(/<name>[^<]+/, `<name>${name}`)
    .replace(/<uuid>[^<]+/, `<uuid>${v4()}`)
    .replace(/<metadata>.*<\/metadata>/s, '')
    .replace(/<mac address='[^']+'/, `<mac address='52:54:00:be:9c:01'`)
    .replace(root, disk)
    .replace(given, firstBoot)
    .replace(/<log file='[^']+'/, `<log file='${join(home, 'bench-console.log')}'`);
  const file = join(home, 'bench.xml');
  await writeFile(file, definition);
  await ended(cloud, await ask(cloud, 'DELETE', `/v1/instances/${instanceId}`), WITHIN);

  const away = async () => {
    await virsh(`destroy ${name}`);
    await virsh(`undefine ${name}`);
  };
  tell('its equal is defined');
  return async () => {
    const end = ends.add(away);
    const began = performance.now();
    // One virsh for both, because its own start is nobody's share.
    await virsh(`define ${file}; start ${name}`);
    const ms = performance.now() - began;
    await end();
    return ms;
  };
};

const virsh = (commands: string) => promisify(execFile)('virsh', ['--quiet', '--connect', 'qemu:///system', commands]);
