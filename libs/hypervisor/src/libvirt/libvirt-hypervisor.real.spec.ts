import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageCache } from '@strata/guest-images';
import type { DomainSpec, Observed } from '../hypervisor.js';
import type { Bench } from '../testing/index.js';
import { isAHypervisor, whyNoGuests } from '../testing/index.js';
import { boots } from './accelerator.js';
import { Home } from './home.js';
import { LibvirtHypervisor } from './libvirt-hypervisor.js';
import { answersOverHttp, eventually, images, patience } from './real.fixtures.js';
import { removeEverything } from './remove-everything.js';

const reason = await whyNoGuests();
if (reason !== undefined) console.warn(`SKIPPED: guests on libvirt: ${reason}`);

type RealBench = Bench & Readonly<{ home: Home }>;

const bench = async (): Promise<RealBench> => {
  const folder = await mkdtemp(join(tmpdir(), 'strata-home-'));
  await chmod(folder, 0o755);
  let hypervisor = await LibvirtHypervisor.open({ home: folder, images });
  return {
    hypervisor,
    home: new Home(folder),
    async reopen() {
      await hypervisor.close();
      hypervisor = await LibvirtHypervisor.open({ home: folder, images });
      return hypervisor;
    },
    eventually,
    image: await hypervisor.images.build('tiny', () => undefined),
    async close() {
      await hypervisor.close();
      await removeEverything(folder);
      await rm(folder, { recursive: true });
    },
  };
};

const output = (program: string, ...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
};

const virsh = (...args: readonly string[]): string => output('virsh', '-q', ...args);

if (reason === undefined) {
  isAHypervisor('libvirt', bench);
} else {
  describe('libvirt is a hypervisor', () => {
    it.skip('keeps the contract of all drivers', () => undefined);
  });
}

(reason === undefined ? describe : describe.skip)('a guest on libvirt', () => {
  let it_: RealBench;
  let spec: DomainSpec;
  let hints: (string | undefined)[] = [];

  beforeAll(async () => {
    it_ = await bench();
    const cidr = await it_.hypervisor.networks.freeRange();
    await it_.hypervisor.networks.ensure({ networkId: 'net_real', name: 'real', type: 'nat', cidr });
    spec = specFor('inst_real', cidr.replace('.0/24', '.50'), '52:54:00:5e:a1:01');
    it_.hypervisor.domains.watch((hint) => hints.push(hint));
  }, patience);

  afterAll(() => it_?.close(), patience);

  const specFor = (instanceId: string, ip: string, mac: string): DomainSpec => ({
    instanceId,
    tenantId: 'ten_real',
    name: `it's <${instanceId}> & "friends"\n`,
    vcpus: 1,
    memoryMiB: 128,
    image: it_.image,
    diskGiB: 1,
    lease: { networkId: 'net_real', mac, ip, name: 'real' },
    firstBoot: { hostname: 'real', sshKeys: ['ssh-ed25519 AAAA test'], script: '#!/bin/sh\necho hello > /tmp/hello\n' },
  });

  const build = async (wanted: DomainSpec): Promise<void> => {
    const { disks, domains, networks } = it_.hypervisor;
    await disks.ensureRoot({ instanceId: wanted.instanceId, image: wanted.image, sizeGiB: wanted.diskGiB });
    await networks.reserve(wanted.lease);
    await domains.define(wanted, 0);
  };

  const remove = async ({ instanceId, lease }: DomainSpec): Promise<void> => {
    const { disks, domains, networks } = it_.hypervisor;
    await domains.remove(instanceId);
    await networks.release(lease);
    await disks.removeRoot(instanceId);
  };

  const seen = async (): Promise<Observed | undefined> =>
    (await it_.hypervisor.domains.observe()).find(({ instanceId }) => instanceId === spec.instanceId);

  /** What the host has of this home: interfaces, firewall rules, files. */
  const traces = async () => {
    const bridge = it_.home.bridgeOf('net_real');
    const rules = [output('nft', 'list', 'ruleset'), output('iptables-save')].join('\n');
    return {
      domains: virsh('list', '--all', '--name')
        .split('\n')
        .filter((name) => name.includes(it_.home.id)),
      taps: spawnSync('ls', [`/sys/class/net/${bridge}/brif`], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter(Boolean),
      rules: rules.split('\n').filter((line) => line.includes(bridge)).length,
      files: await readdir(it_.home.instances),
      logs: (await readdir('/var/log/libvirt/qemu')).filter((name) => name.includes(it_.home.id)),
      leases: virsh('net-dhcp-leases', it_.home.nameOf('net_real')).trim(),
    };
  };

  it(
    'answers at its address, shows its boot, and leaves nothing when it is removed',
    async () => {
      const before = await traces();
      expect(before).toMatchObject({ domains: [], taps: [], files: [], logs: [], leases: '' });
      await build(spec);
      await it_.hypervisor.domains.start(spec.instanceId);
      await eventually('it answers at its address', () => answersOverHttp(spec.lease.ip, 'real'));

      const { guests } = it_.hypervisor;
      expect((await guests.exec(spec.instanceId, ['uname', '-a'], 20_000)).stdout).toMatch(/^Linux real .*x86_64/);
      expect((await guests.exec(spec.instanceId, ['cat', '/tmp/hello'], 20_000)).stdout).toBe('hello\n');
      expect((await guests.exec(spec.instanceId, ['no-such-program'], 20_000)).exitCode).toBe(127);
      expect(await guests.log(spec.instanceId, 10_000)).toContain('root file system mounted');

      const name = it_.home.nameOf(spec.instanceId);
      expect(virsh('list', '--name').split('\n')).toContain(name);
      expect(virsh('dumpxml', name)).toContain("memballoon model='none'");
      expect(virsh('dumpxml', name)).not.toContain('hello');
      const during = await traces();
      expect(during).toMatchObject({ domains: [name], files: [spec.instanceId], logs: [`${name}.log`] });
      expect(during.taps).toHaveLength(1);
      expect(during.leases).toContain(spec.lease.ip);

      await remove(spec);
      expect(await traces()).toEqual(before);
    },
    patience,
  );

  it(
    'proves by a kernel that is alive what it can run on',
    async () => {
      const image = await new ImageCache(images).find(it_.image.digest);
      if (!image) throw new Error('the image was there a moment ago');
      expect(await boots(image, ['-accel', 'tcg'])).toBe(true);
      expect(await boots({ ...image, kernel: image.disk }, ['-accel', 'tcg'])).toBe(false);
    },
    patience,
  );

  it(
    'leaves nothing, whoever was killed while it was removed',
    async () => {
      const { disks, networks } = it_.hypervisor;
      await build(spec);
      // Killed after the definition went and before the files did; then again, while the files went.
      virsh('undefine', it_.home.nameOf(spec.instanceId));
      await writeFile(it_.home.filesOf(spec.instanceId).console, 'it was on its way');
      await networks.release(spec.lease);
      await disks.removeRoot(spec.instanceId);
      expect(await readdir(it_.home.instances)).toEqual([]);
      await mkdir(`${it_.home.removed}/inst_half`, { recursive: true });
      await (await LibvirtHypervisor.open({ home: it_.home.folder, images })).close();
      expect(existsSync(it_.home.removed)).toBe(false);
    },
    patience,
  );

  it(
    'gives its address to the next guest',
    async () => {
      const next = specFor('inst_next', spec.lease.ip, '52:54:00:5e:a1:02');
      await build(next);
      await it_.hypervisor.domains.start(next.instanceId);
      await eventually('it answers at its address', () => answersOverHttp(next.lease.ip, 'real'));
      await remove(next);
    },
    patience,
  );

  it(
    'is seen as it is when others destroy, kill or undefine it behind our back',
    async () => {
      const { domains } = it_.hypervisor;
      const name = it_.home.nameOf(spec.instanceId);
      const whenHinted = async (what: string, wanted: Partial<Observed> | undefined): Promise<void> => {
        await eventually(`a hint: ${what}`, () => Promise.resolve(hints.includes(spec.instanceId)));
        await eventually(what, async () => {
          const { power, reason: why, definition } = (await seen()) ?? {};
          return (
            Object.entries(wanted ?? {}).every(([key, value]) => ({ power, reason: why, definition })[key] === value) &&
            (wanted !== undefined || power === undefined)
          );
        });
        hints = [];
      };
      await build(spec);
      await domains.start(spec.instanceId);
      hints = [];

      virsh('destroy', name);
      await whenHinted('destroyed by virsh', { power: 'off', reason: 'destroyed' });

      await domains.start(spec.instanceId);
      hints = [];
      const pid = Number(output('cat', `/run/libvirt/qemu/${name}.pid`));
      process.kill(pid, 'SIGKILL');
      await whenHinted('QEMU was killed', { power: 'off', reason: 'crashed' });

      await domains.start(spec.instanceId);
      hints = [];
      virsh('undefine', name);
      await whenHinted('undefined by virsh', { power: 'on', definition: 'transient' });
      await domains.define(spec, 0);
      await whenHinted('defined again', { power: 'on', definition: 'persistent' });

      virsh('undefine', name);
      virsh('destroy', name);
      await whenHinted('gone', undefined);
      expect(await it_.hypervisor.disks.list()).toEqual([spec.instanceId]);
      await remove(spec);
    },
    patience,
  );
});
