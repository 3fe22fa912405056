import { InstanceView } from '@strata/contracts';
import { whyNoGuests } from '@strata/testing/hypervisor';
import { existsSync } from 'node:fs';
import { eventually, patience } from './eventually.js';
import { Machine, bannerOf, noTraces, webPageOf, withoutNetworkFiles } from './machine.js';
import type { Traces } from './machine.js';
import { RealCloud } from './real-cloud.js';

const reason = await whyNoGuests();
if (reason !== undefined) console.warn(`SKIPPED: the administrator's story with real guests: ${reason}`);

(reason === undefined ? describe : describe.skip)('an administrator at the command line, with real guests', () => {
  let cloud: RealCloud;
  let machine: Machine;
  let before: Traces;

  beforeAll(async () => {
    cloud = await RealCloud.start({ recipes: ['tiny', 'debian-12'] });
    machine = new Machine(cloud.home);
    // The network of the cloud comes with its start and stays; a first guest shows that nothing more does.
    await eventually('the network is there', () => machine.traces().networks.length === 1);
    before = machine.traces();
  });

  afterAll(() => cloud?.remove());

  /** Runs a command that must succeed, and answers what it printed. */
  const strata = async (...words: readonly string[]): Promise<string> => {
    const { exit, stdout, stderr } = await cloud.cli(...words);
    if (exit !== 0) throw new Error(`strata ${words.join(' ')} ended with ${exit}: ${stderr}`);
    return stdout;
  };
  const shown = async (...words: readonly string[]) =>
    InstanceView.parse(JSON.parse(await strata('instance', ...words, '-o', 'json')));
  const bootOf = (name: string) => strata('instance', 'exec', name, '--', 'cat', '/proc/sys/kernel/random/boot_id');

  it(
    'creates an instance, looks at it from all sides, and is told the same by virsh and the network',
    async () => {
      const web = await shown('create', 'web', '--image', 'tiny', '--flavor', 'nano');
      expect(web).toMatchObject({ name: 'web', status: 'running', task: null, statusReason: null });
      expect(machine.guests()).toEqual([`${web.id} running`]);
      expect(machine.virsh('dominfo', machine.nameOf(web.id))).toMatch(/Max memory: +524288 KiB/);

      expect(JSON.parse(await strata('instance', 'list', '-o', 'json'))).toMatchObject([{ id: web.id }]);
      expect(await strata('instance', 'list')).toMatch(/^NAME .*\nweb +running /);
      expect(await shown('show', 'web')).toMatchObject({ id: web.id, address: web.address, mac: web.mac });

      expect(await strata('instance', 'exec', 'web', '--', 'uname', '-a')).toMatch(/^Linux web 6\.\S+ .*x86_64/);
      expect(await strata('instance', 'log', 'web')).toContain('root file system mounted');
      await eventually('the web server of the guest answers from the host', async () =>
        /^web\b/.test((await webPageOf(web.address)) ?? ''),
      );
      expect(machine.virsh('domiflist', machine.nameOf(web.id))).toContain(String(web.mac));
      expect((await cloud.cli('instance', 'exec', 'web', '--', 'sh', '-c', 'exit 42')).exit).toBe(42);

      const during = machine.traces();
      expect(during).toMatchObject({ domains: [machine.nameOf(web.id)], instances: [web.id] });
      expect(during.interfaces).toHaveLength(before.interfaces.length + 1);
      expect(during.leases.length).toBeGreaterThan(0);
      expect(during.files.length).toBeGreaterThan(before.files.length);
      expect(during.programs).toEqual([...before.programs, 'qemu-system-x86_64'].toSorted());
    },
    patience,
  );

  it(
    'drives it through its states, and libvirt is where the product says it is',
    async () => {
      const { id } = await shown('show', 'web');
      const goes = async (verb: string, status: string, domstate: string) => {
        expect(await shown(verb, 'web')).toMatchObject({ status, task: null });
        expect(machine.stateOf(id)).toBe(domstate);
      };
      await goes('stop', 'stopped', 'shut off');
      await goes('start', 'running', 'running');
      const boot = await bootOf('web');
      const qemu = machine.qemuOf(id);
      await goes('reboot', 'running', 'running');
      await eventually('another boot runs', async () => (await bootOf('web')) !== boot);
      expect(machine.qemuOf(id)).toBe(qemu);
      await goes('pause', 'paused', 'paused');
      await goes('resume', 'running', 'running');
      expect(await strata('instance', 'exec', 'web', '--', 'hostname')).toBe('web\n');
    },
    patience,
  );

  it(
    'stops the control plane, which its guests outlive, and the next one adopts them',
    async () => {
      const { id, address } = await shown('show', 'web');
      const [qemu, boot] = [machine.qemuOf(id), await bootOf('web')];
      await strata('down');
      expect((await cloud.cli('instance', 'list')).exit).toBe(1);
      expect(machine.traces().programs).toEqual(['dnsmasq', 'qemu-system-x86_64']);
      expect(await webPageOf(address)).toMatch(/^web\b/);
      await cloud.startServer();
      expect(await shown('show', 'web')).toMatchObject({ id, status: 'running', address });
      expect(machine.qemuOf(id)).toBe(qemu);
      expect(await bootOf('web')).toBe(boot);
    },
    patience,
  );

  it(
    'is refused what the state does not allow, and told what it does',
    async () => {
      await strata('instance', 'stop', 'web', '--force');
      for (const verb of ['pause', 'resume', 'reboot']) {
        const { exit, stderr } = await cloud.cli('instance', verb, 'web');
        expect({ verb, exit }).toEqual({ verb, exit: 5 });
        expect(stderr).toContain(`an instance that is stopped cannot ${verb}; it can start, delete`);
        expect(stderr).toMatch(/allowed: start, delete\n/);
        expect(stderr).toMatch(/instance\.wrong-state, request \S+/);
      }
      expect((await cloud.cli('instance', 'stop', 'web')).exit).toBe(0);
      expect((await cloud.cli('instance', 'show', 'nobody')).exit).toBe(3);
      expect((await cloud.cli('instance', 'create', 'web', '--image', 'tiny', '--flavor', 'nano')).exit).toBe(5);
    },
    patience,
  );

  it(
    'deletes it, and nothing of it is left on the machine',
    async () => {
      await strata('instance', 'start', 'web');
      await strata('instance', 'delete', 'web');
      expect((await cloud.cli('instance', 'show', 'web')).exit).toBe(3);
      expect(withoutNetworkFiles(machine.traces())).toEqual(withoutNetworkFiles(before));
    },
    patience,
  );

  it(
    'runs a whole Debian with systemd and SSH',
    async () => {
      const { id, address } = await shown('create', 'deb', '--image', 'debian-12', '--flavor', 'micro');
      expect(await strata('instance', 'exec', 'deb', '--', 'cat', '/etc/debian_version')).toMatch(/^12\./);
      await eventually('systemd has started everything', async () =>
        (await cloud.cli('instance', 'exec', 'deb', '--', 'systemctl', 'is-system-running')).stdout.startsWith(
          'running',
        ),
      );
      await eventually('SSH answers from the host', async () =>
        ((await bannerOf(String(address), 22)) ?? '').startsWith('SSH-2.0-OpenSSH'),
      );
      await strata('instance', 'stop', 'deb');
      expect(machine.guests()).toEqual([`${id} shut off`]);
      await strata('instance', 'delete', 'deb');
      expect(withoutNetworkFiles(machine.traces())).toEqual(withoutNetworkFiles(before));
    },
    patience * 2,
  );

  it(
    'takes the cloud down, and neither its network nor its home is left',
    async () => {
      await strata('instance', 'create', 'last', '--image', 'tiny', '--flavor', 'nano');
      await strata('down', '--all', '--yes');
      expect(machine.traces()).toEqual(noTraces);
      expect(existsSync(cloud.home)).toBe(false);
    },
    patience,
  );
});
