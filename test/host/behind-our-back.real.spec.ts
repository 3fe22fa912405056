import { OwnSystemDaemon, whyNoGuests } from '@strata/testing/hypervisor';
import type { InstanceView } from '@strata/contracts';
import { dirname } from 'node:path';
import { eventually, patience } from './eventually.js';
import { Machine, webPageOf } from './machine.js';
import { RealCloud } from './real-cloud.js';

/*
 * What others do to guests, and what happens to libvirt, is done here to a daemon of our own: the cloud under test lives in
 * a mount namespace where that daemon's socket lies in the place of the system's, whose guests nobody disturbs.
 */

const reason = await whyNoGuests();
if (reason !== undefined) console.warn(`SKIPPED: what is done to guests behind the product's back: ${reason}`);

/** How late the truth may be shown, in milliseconds. */
const soon = 30_000;

/** The words before a program that shall find this folder in the place of /run/libvirt. */
const seeing = (folder: string): readonly string[] => [
  ...['unshare', '-m', 'sh', '-c'],
  `mount --make-rprivate / && mount --bind '${folder}' /run/libvirt && exec "$@"`,
  'sh',
];

(reason === undefined ? describe : describe.skip)("behind the product's back", () => {
  let daemon: OwnSystemDaemon;
  let cloud: RealCloud;
  let machine: Machine;
  const web = 'inst_web';

  beforeAll(async () => {
    daemon = await OwnSystemDaemon.start();
    cloud = await RealCloud.start({ within: seeing(dirname(daemon.socketPath)) });
    machine = new Machine(cloud.home, `qemu+unix:///system?socket=${daemon.socketPath}`);
    await create('web');
    expect(machine.guests()).toEqual([`${web} running`]);
  });

  afterAll(async () => {
    await cloud?.remove();
    await daemon?.stop();
  });

  const must = async (...words: readonly string[]): Promise<void> => {
    const { exit, stderr } = await cloud.cli(...words);
    if (exit !== 0) throw new Error(`strata ${words.join(' ')} ended with ${exit}: ${stderr}`);
  };
  const create = (name: string) =>
    must('instance', 'create', name, '--id', `inst_${name}`, '--image', 'tiny', '--flavor', 'nano');

  /** Waits until the product shows the truth, says how long that took, and answers what it shows. */
  const shows = async (what: string, id: string, wanted: (it: InstanceView) => boolean): Promise<InstanceView> => {
    let last: InstanceView | undefined;
    try {
      const took = await eventually(
        what,
        async () => {
          last = await cloud.instance(id);
          return wanted(last);
        },
        soon,
      );
      console.log(`${what}: shown after ${Math.round(took)} ms`);
    } catch (cause) {
      throw new Error(`${id} was shown as ${last?.status}, because ${last?.statusReason}`, { cause });
    }
    if (!last) throw new Error('it was looked at a moment ago');
    return last;
  };

  it(
    'a guest that is destroyed is shown stopped, with the reason, and starts again when it is asked to',
    async () => {
      machine.virsh('destroy', machine.nameOf(web));
      const { statusReason } = await shows('destroyed by virsh', web, ({ status }) => status === 'stopped');
      expect(statusReason).toMatch(/destroyed/);
      expect(machine.stateOf(web)).toBe('shut off');
      await must('instance', 'start', 'web');
      expect(await cloud.instance(web)).toMatchObject({ status: 'running', statusReason: null });
    },
    patience,
  );

  it(
    'a guest that is suspended is shown paused, and can be resumed',
    async () => {
      machine.virsh('suspend', machine.nameOf(web));
      await shows('suspended by virsh', web, ({ status }) => status === 'paused');
      await must('instance', 'resume', 'web');
      expect(machine.stateOf(web)).toBe('running');
    },
    patience,
  );

  it(
    'a running guest that is undefined gets its definition back, and runs on',
    async () => {
      const qemu = machine.qemuOf(web);
      const persistent = () => /^Persistent: +yes$/m.test(machine.virsh('dominfo', machine.nameOf(web)));
      machine.virsh('undefine', machine.nameOf(web));
      const took = await eventually('the definition is restored', persistent, soon);
      console.log(`undefined by virsh: restored after ${Math.round(took)} ms`);
      expect(machine.qemuOf(web)).toBe(qemu);
      expect(await cloud.instance(web)).toMatchObject({ status: 'running' });
      await must('instance', 'stop', 'web', '--force');
      expect(machine.guests()).toEqual([`${web} shut off`]);
      await must('instance', 'start', 'web');
    },
    patience,
  );

  it(
    'a guest whose QEMU is killed is shown stopped, because it crashed',
    async () => {
      process.kill(machine.qemuOf(web), 'SIGKILL');
      const { statusReason } = await shows('QEMU was killed', web, ({ status }) => status === 'stopped');
      expect(statusReason).toMatch(/crashed/);
      await must('instance', 'start', 'web');
      expect(machine.guests()).toEqual([`${web} running`]);
    },
    patience,
  );

  it(
    'while libvirt is dead nobody claims to know, and when it is back the truth is shown',
    async () => {
      await create('victim');
      const qemu = machine.qemuOf(web);
      const { address } = await cloud.instance(web);
      await eventually('the guest answers', async () => (await webPageOf(address)) !== undefined);

      await daemon.killDaemon();
      for (const id of [web, 'inst_victim']) {
        const { statusReason } = await shows(`libvirt is dead, ${id}`, id, ({ status }) => status === 'unknown');
        expect(statusReason).toMatch(/\S/);
      }
      expect(await webPageOf(address)).toMatch(/^web\b/);
      expect(machine.qemuOf(web)).toBe(qemu);
      // What happens while nobody watches is found out afterwards.
      process.kill(machine.qemuOf('inst_victim'), 'SIGKILL');

      await daemon.startDaemon();
      const [running, stopped] = await Promise.all([
        shows('libvirt is back, the guest that ran on', web, ({ status }) => status === 'running'),
        shows('libvirt is back, the guest that died meanwhile', 'inst_victim', ({ status }) => status === 'stopped'),
      ]);
      expect(running).toMatchObject({ statusReason: null, address });
      expect(stopped.statusReason).toMatch(/\S/);
      expect(machine.qemuOf(web)).toBe(qemu);
      await must('instance', 'exec', 'web', '--', 'true');
      await must('instance', 'delete', 'web', 'victim');
      expect(machine.guests()).toEqual([]);
    },
    patience,
  );
});
