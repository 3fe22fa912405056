import { Operation } from '@strata/contracts';
import { whyNoGuests } from '@strata/testing/hypervisor';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, patience } from './eventually.js';
import { Machine, withoutNetworkFiles } from './machine.js';
import type { Traces } from './machine.js';
import { RealCloud } from './real-cloud.js';
import type { Answer } from './real-cloud.js';

/*
 * The control plane is killed while it creates one instance and deletes another, at moments drawn by chance. A new one on
 * the same home ends what was begun. STRATA_SEED repeats the moments of a run that failed.
 */

const reason = await whyNoGuests();
if (reason !== undefined) console.warn(`SKIPPED: a control plane killed among real guests: ${reason}`);

const kills = 20;
const latestMs = 2500;

/** mulberry32: small, and the same everywhere. */
const randomFrom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

type Request = Readonly<{ method: string; path: string; body?: object; key: string }>;

const creating = (name: string): Request => ({
  method: 'POST',
  path: '/v1/instances',
  body: { id: `inst_${name}`, name, image: 'tiny', vcpus: 1, memoryMiB: 128, diskGiB: 1 },
  key: `create-${name}`,
});

const deleting = (id: string): Request => ({ method: 'DELETE', path: `/v1/instances/${id}`, key: `delete-${id}` });

(reason === undefined ? describe : describe.skip)('a control plane that is killed among real guests', () => {
  let cloud: RealCloud;
  let machine: Machine;
  let before: Traces;

  beforeAll(async () => {
    cloud = await RealCloud.start();
    machine = new Machine(cloud.home);
    await eventually('the network is there', () => machine.traces().networks.length === 1);
    before = machine.traces();
  });

  afterAll(() => cloud?.remove());

  const ask = ({ method, path, body, key }: Request): Promise<Answer> => cloud.ask(method, path, body, key);

  /**
   * Every operation has ended: it succeeded, or what it had done was handed back. One that was just asked for is in no list
   * before it has begun, but its instance says what is being done to it.
   */
  const settled = async (): Promise<readonly Operation[]> => {
    let all: readonly Operation[] = [];
    await eventually(
      'every operation has ended',
      async () => {
        all = await cloud.operations();
        const isIdle = (await cloud.instances()).every(({ task }) => task === null);
        return isIdle && all.every(({ status }) => status !== 'running' && status !== 'undoing');
      },
      90_000,
    );
    return all;
  };

  /** One guest for each instance that runs and none for any other, by the word of virsh. */
  const expectGuestsAsTold = async (): Promise<void> => {
    const told = (await cloud.instances()).filter(({ status }) => status !== 'error');
    expect(told.every(({ status }) => status === 'running')).toBe(true);
    expect(machine.guests()).toEqual(told.map(({ id }) => `${id} running`).toSorted());
    expect(machine.traces().instances.toSorted()).toEqual(told.map(({ id }) => id).toSorted());
  };

  const insideSteady = async (...argv: readonly string[]): Promise<string> => {
    const { exit, stdout, stderr } = await cloud.cli('instance', 'exec', 'steady', '--', ...argv);
    if (exit !== 0) throw new Error(`${argv.join(' ')} ended with ${exit}: ${stderr}`);
    return stdout;
  };

  it(
    `ends what it began, at each of ${kills} moments, and its guests never notice`,
    async () => {
      const seed = Number(process.env['STRATA_SEED'] ?? Date.now() % 2 ** 31);
      console.log(`the moments of the kills are drawn from STRATA_SEED=${seed}`);
      const random = randomFrom(seed);

      await ask(creating('steady'));
      await settled();
      const qemu = machine.qemuOf('inst_steady');
      const boot = await insideSteady('cat', '/proc/sys/kernel/random/boot_id');
      const uptime = async () => Number((await insideSteady('cat', '/proc/uptime')).split(' ')[0]);
      let upFor = await uptime();

      const restarts: number[] = [];
      let [unheard, interrupted] = [0, 0];
      for (let round = 1; round <= kills; round += 1) {
        const doomed = (await cloud.instances()).filter(({ name }) => name !== 'steady');
        const requests = [creating(`round${round}`), ...doomed.map(({ id }) => deleting(id))];
        // Squared, because much happens early: some requests are cut off before they are answered.
        const delay = Math.floor(random() ** 2 * latestMs);
        // Whoever asks may never hear an answer: the server dies before it is given.
        const first = Promise.all(requests.map((it) => ask(it).catch(() => undefined)));
        await pause(delay);
        const killedAt = new Date().toISOString();
        await cloud.killServer();
        const answers = await first;
        unheard += answers.filter((it) => it === undefined).length;
        expect(machine.qemuOf('inst_steady')).toBe(qemu);

        restarts.push(await cloud.startServer());
        // Asking again is asking once: who was answered gets the same operation, and who was not gets one now.
        for (const [index, request] of requests.entries()) {
          const again = await ask(request);
          const heard = answers[index];
          if (heard) expect({ delay, ...again }).toMatchObject({ delay, status: heard.status });
          expect({ delay, status: again.status }).toEqual({ delay, status: 202 });
          if (heard) expect(Operation.parse(again.body).id).toBe(Operation.parse(heard.body).id);
        }
        const ended = await settled();
        interrupted += ended.filter((it) => it.createdAt < killedAt && (it.endedAt ?? '') > killedAt).length;
        for (const { id } of doomed) {
          expect(ended.find((it) => it.name === 'delete-instance' && it.resource.id === id)?.status).toBe('succeeded');
        }
        await expectGuestsAsTold();
        expect(machine.qemuOf('inst_steady')).toBe(qemu);
        const since = await uptime();
        expect(since).toBeGreaterThan(upFor);
        upFor = since;
      }
      expect(await insideSteady('cat', '/proc/sys/kernel/random/boot_id')).toBe(boot);
      const created = (await cloud.operations()).filter(({ name }) => name === 'provision-instance');
      expect(created).toHaveLength(kills + 1);
      expect(interrupted).toBeGreaterThan(0);
      expect(cloud.log()).not.toMatch(/ERROR|FATAL/);
      const handedBack = created.filter(({ status }) => status !== 'succeeded').length;
      console.log(
        `${kills} kills: ${unheard} requests were never answered, ${interrupted} operations were cut in two, ` +
          `${handedBack} creations were handed back; the longest restart took ${Math.round(Math.max(...restarts))} ms`,
      );

      for (const { id } of await cloud.instances()) await ask(deleting(id));
      await settled();
      expect(await cloud.instances()).toEqual([]);
      expect(withoutNetworkFiles(machine.traces())).toEqual(withoutNetworkFiles(before));
    },
    patience * 3,
  );
});
