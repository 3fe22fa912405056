import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DomainSpec } from '../hypervisor.js';
import { OwnSystemDaemon, whyNoGuests } from '../testing/index.js';
import { systemDaemon } from './daemon-place.js';
import { LibvirtHypervisor } from './libvirt-hypervisor.js';
import { answersOverHttp, eventually, images, patience } from './real.fixtures.js';
import { removeEverything } from './remove-everything.js';

const reason = await whyNoGuests();
if (reason !== undefined) console.warn(`SKIPPED: what neighbours and dying daemons do to guests: ${reason}`);

(reason === undefined ? describe : describe.skip)('on one machine', () => {
  const opened: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  }, patience);

  const aCloud = async (daemon = systemDaemon) => {
    const home = await mkdtemp(join(tmpdir(), 'strata-home-'));
    await chmod(home, 0o755);
    const hypervisor = await LibvirtHypervisor.open({ home, images, daemon });
    opened.push(async () => {
      await hypervisor.close();
      await removeEverything(home, daemon);
      await rm(home, { recursive: true });
    });
    const image = await hypervisor.images.build('tiny', () => undefined);
    return { home, hypervisor, image };
  };

  const specOf = (image: { digest: string }, cidr: string): DomainSpec => ({
    instanceId: 'inst_same',
    tenantId: 'ten_same',
    name: 'same',
    vcpus: 1,
    memoryMiB: 128,
    image,
    diskGiB: 1,
    lease: { networkId: 'net_same', mac: '52:54:00:5e:a1:05', ip: cidr.replace('.0/24', '.10'), name: 'same' },
    firstBoot: { hostname: 'same', sshKeys: [] },
  });

  const define = async (hypervisor: LibvirtHypervisor, image: { digest: string }): Promise<DomainSpec> => {
    const cidr = await hypervisor.networks.freeRange();
    const spec = specOf(image, cidr);
    await hypervisor.networks.ensure({ networkId: 'net_same', name: 'same', type: 'nat', cidr });
    await hypervisor.networks.reserve(spec.lease);
    await hypervisor.disks.ensureRoot({ instanceId: spec.instanceId, image, sizeGiB: 1 });
    await hypervisor.domains.define(spec, 0);
    return spec;
  };

  it(
    'two clouds choose the same ids at the same moment and never meet',
    async () => {
      const [one, other] = await Promise.all([aCloud(), aCloud()]);
      const [first] = await Promise.all([define(one.hypervisor, one.image), define(other.hypervisor, other.image)]);
      expect(await one.hypervisor.networks.list()).toEqual(['net_same']);
      const taken = {
        networkId: 'net_2',
        name: 'taken',
        type: 'nat',
        cidr: first.lease.ip.replace(/\d+$/, '0/24'),
      } as const;
      await expect(other.hypervisor.networks.ensure(taken)).rejects.toThrow('uses');

      expect(await removeEverything(other.home)).toEqual({ guests: 1, networks: 1, disks: 1 });
      expect(await other.hypervisor.domains.observe()).toEqual([]);
      expect(await one.hypervisor.domains.observe()).toHaveLength(1);
      expect(await one.hypervisor.disks.list()).toEqual(['inst_same']);
      expect(await one.hypervisor.networks.leases('net_same')).toEqual([first.lease]);
      expect(await removeEverything(other.home)).toEqual({ guests: 0, networks: 0, disks: 0 });
    },
    patience,
  );

  it(
    'guests, networks and leases outlive a libvirt daemon that is killed',
    async () => {
      const daemon = await OwnSystemDaemon.start();
      opened.push(() => daemon.stop());
      const { hypervisor, image } = await aCloud({ ...systemDaemon, reach: { socketPath: daemon.socketPath } });
      const spec = await define(hypervisor, image);
      await hypervisor.domains.start(spec.instanceId);
      await hypervisor.guests.exec(spec.instanceId, ['true'], 60_000);
      const bootOf = async () =>
        (await hypervisor.guests.exec(spec.instanceId, ['cat', '/proc/sys/kernel/random/boot_id'], 60_000)).stdout;
      const boot = await bootOf();
      const hints: (string | undefined)[] = [];
      hypervisor.domains.watch((hint) => hints.push(hint));

      await daemon.killDaemon();
      await expect(hypervisor.domains.observe()).rejects.toThrow();
      expect(hints).toEqual([undefined]);
      hints.length = 0;
      await daemon.startDaemon();
      await eventually('everything may have changed', () => Promise.resolve(hints.includes(undefined)));

      expect(await hypervisor.domains.observe()).toMatchObject([{ instanceId: spec.instanceId, power: 'on' }]);
      expect(await bootOf()).toBe(boot);
      expect(await hypervisor.networks.leases('net_same')).toEqual([spec.lease]);
      await hypervisor.domains.stop(spec.instanceId);
      await hypervisor.domains.start(spec.instanceId);
      await eventually('it answers at its address', () => answersOverHttp(spec.lease.ip, 'same'));
      expect(await hypervisor.guests.log(spec.instanceId, 100_000)).toContain('root file system mounted');
    },
    patience,
  );
});
