import type { DomainSpec, Hypervisor, ImageRef, Lease, NetworkSpec, Observed, Power } from '../hypervisor.js';
import { HypervisorError } from '../hypervisor.js';

/** A driver to be examined, and what the examination needs to know of its world. */
export type Bench = Readonly<{
  hypervisor: Hypervisor;
  /** Closes the driver and opens another one on the same world, as a restarted agent does. */
  reopen(): Promise<Hypervisor>;
  /** Lets time pass until `condition` holds, and throws when it never does. */
  eventually(what: string, condition: () => Promise<boolean>): Promise<void>;
  image: ImageRef;
  /** Removes everything. */
  close(): Promise<void>;
}>;

/** What our images write to the console once at each boot. */
const bootMark = 'root file system mounted';

/** Milliseconds that one sentence about a real guest may take. */
const patience = 120_000;

/** What every driver of the hypervisor ports promises. */
export const isAHypervisor = (name: string, make: () => Promise<Bench>): void => {
  describe(`${name} is a hypervisor`, () => {
    let bench: Bench;
    let it_: Hypervisor;
    let network: NetworkSpec;
    let count = 0;

    beforeAll(async () => {
      bench = await make();
      it_ = bench.hypervisor;
      network = { networkId: 'net_contract', name: 'contract', type: 'nat', cidr: await it_.networks.freeRange() };
      await it_.networks.ensure(network);
    }, patience);

    afterAll(async () => {
      await bench?.close();
    }, patience);

    const sentence = (words: string, proof: () => Promise<void>): void => it(words, proof, patience);

    const next = (): DomainSpec => {
      count += 1;
      const lease: Lease = {
        networkId: network.networkId,
        mac: `52:54:00:c0:00:${(count + 16).toString(16)}`,
        ip: network.cidr.replace(/\d+\/24$/, `${count + 10}`),
        name: `web-${count}`,
      };
      return {
        instanceId: `inst_contract${count}`,
        tenantId: 'ten_contract',
        name: `web-${count}`,
        vcpus: 1,
        memoryMiB: 128,
        image: bench.image,
        diskGiB: 1,
        lease,
        firstBoot: { hostname: `web-${count}`, sshKeys: [] },
      };
    };

    const built = async (): Promise<DomainSpec> => {
      const spec = next();
      await it_.disks.ensureRoot({ instanceId: spec.instanceId, image: spec.image, sizeGiB: spec.diskGiB });
      await it_.networks.reserve(spec.lease);
      await it_.domains.define(spec, 0);
      return spec;
    };

    const gone = async ({ instanceId, lease }: DomainSpec): Promise<void> => {
      await it_.domains.remove(instanceId);
      await it_.networks.release(lease);
      await it_.disks.removeRoot(instanceId);
    };

    const seen = async (instanceId: string): Promise<Observed | undefined> =>
      (await it_.domains.observe()).find((guest) => guest.instanceId === instanceId);

    const becomes = (instanceId: string, power: Power | undefined): Promise<void> =>
      bench.eventually(
        `${instanceId} becomes ${power ?? 'absent'}`,
        async () => (await seen(instanceId))?.power === power,
      );

    const withGuest = async (proof: (spec: DomainSpec) => Promise<void>): Promise<void> => {
      const spec = await built();
      try {
        await proof(spec);
      } finally {
        await gone(spec);
      }
    };

    const isRefused = async (verb: Promise<unknown>): Promise<void> => {
      const outcome = await verb.then(
        () => 'done',
        (error: unknown) => (error instanceof HypervisorError ? error.outcome : error),
      );
      expect(outcome).toBe('refused');
    };

    sentence('says what its host is made of', async () => {
      const facts = await it_.facts();
      expect(facts.vcpus).toBeGreaterThan(0);
      expect(facts.memoryMiB).toBeGreaterThan(0);
      expect(facts.diskGiB).toBeGreaterThan(0);
    });

    sentence('defines, starts, stops and removes a guest, each of them twice', () =>
      withGuest(async (spec) => {
        const { instanceId } = spec;
        await it_.domains.define(spec, 0);
        expect(await seen(instanceId)).toMatchObject({ power: 'off', definition: 'persistent', guestAgent: false });
        await it_.domains.start(instanceId);
        await it_.domains.start(instanceId);
        expect(await seen(instanceId)).toMatchObject({ power: 'on', definition: 'persistent' });
        await it_.domains.define(spec, 0);
        expect(await seen(instanceId)).toMatchObject({ power: 'on', definition: 'persistent' });
        await it_.domains.stop(instanceId);
        await it_.domains.stop(instanceId);
        expect(await seen(instanceId)).toMatchObject({ power: 'off', reason: 'destroyed' });
        await it_.domains.remove(instanceId);
        await it_.domains.remove(instanceId);
        expect(await seen(instanceId)).toBeUndefined();
      }),
    );

    sentence('pauses and resumes a running guest, each of them twice', () =>
      withGuest(async ({ instanceId }) => {
        await it_.domains.start(instanceId);
        await it_.domains.pause(instanceId);
        await it_.domains.pause(instanceId);
        expect((await seen(instanceId))?.power).toBe('paused');
        await isRefused(it_.domains.start(instanceId));
        await it_.domains.resume(instanceId);
        await it_.domains.resume(instanceId);
        expect((await seen(instanceId))?.power).toBe('on');
      }),
    );

    sentence('removes a running guest and leaves its disk', () =>
      withGuest(async ({ instanceId }) => {
        await it_.domains.start(instanceId);
        await isRefused(it_.disks.removeRoot(instanceId));
        await it_.domains.remove(instanceId);
        expect(await seen(instanceId)).toBeUndefined();
        expect(await it_.disks.list()).toContain(instanceId);
      }),
    );

    sentence('runs commands in a guest, shows its console, reboots it and lets it shut down', () =>
      withGuest(async (spec) => {
        const { instanceId } = spec;
        await it_.domains.start(instanceId);
        await bench.eventually('the agent connects', async () => (await seen(instanceId))?.guestAgent === true);
        const { exitCode, stdout } = await it_.guests.exec(instanceId, ['uname', '-a'], 20_000);
        expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Linux') });
        expect((await it_.guests.exec(instanceId, ['hostname'], 20_000)).stdout.trim()).toBe(spec.firstBoot.hostname);
        expect((await it_.guests.exec(instanceId, ['false'], 20_000)).exitCode).toBe(1);
        const log = await it_.guests.log(instanceId, 100_000);
        expect(log).toContain(bootMark);
        expect((await it_.guests.log(instanceId, 20)).length).toBeLessThanOrEqual(20);

        await it_.domains.reboot(instanceId, true);
        await bench.eventually('it boots again', async () => {
          const boots = (await it_.guests.log(instanceId, 1_000_000)).split(bootMark).length - 1;
          return boots === 2 && (await seen(instanceId))?.guestAgent === true;
        });

        await it_.domains.requestShutdown(instanceId);
        await becomes(instanceId, 'off');
        expect((await seen(instanceId))?.reason).toBe('shut down by the guest');
        await it_.domains.requestShutdown(instanceId);
        expect((await seen(instanceId))?.power).toBe('off');
      }),
    );

    sentence('refuses what comes in an impossible order', async () => {
      const spec = next();
      const { instanceId } = spec;
      await isRefused(it_.domains.start(instanceId));
      await isRefused(it_.domains.pause(instanceId));
      await isRefused(it_.domains.reboot(instanceId, true));
      await isRefused(it_.domains.mark(instanceId, 1));
      await isRefused(it_.domains.define(spec, 0));
      await isRefused(it_.guests.exec(instanceId, ['true'], 1000));
      await isRefused(it_.guests.log(instanceId, 1000));
      await isRefused(it_.disks.ensureRoot({ instanceId, image: { digest: '0'.repeat(64) }, sizeGiB: spec.diskGiB }));
      await isRefused(it_.networks.reserve({ ...spec.lease, networkId: 'net_nowhere' }));
      await isRefused(it_.images.build('no-such-recipe', () => undefined));
      await withGuest(async (off) => {
        await isRefused(it_.domains.pause(off.instanceId));
        await isRefused(it_.domains.resume(off.instanceId));
        await isRefused(it_.domains.reboot(off.instanceId, false));
        await isRefused(it_.guests.exec(off.instanceId, ['true'], 1000));
      });
    });

    sentence('finds nothing to do for what is gone', async () => {
      const { instanceId, lease } = next();
      await it_.domains.stop(instanceId);
      await it_.domains.requestShutdown(instanceId);
      await it_.domains.remove(instanceId);
      await it_.disks.removeRoot(instanceId);
      await it_.networks.release(lease);
      await it_.networks.release({ ...lease, networkId: 'net_nowhere' });
      await it_.networks.remove('net_nowhere');
      await it_.images.remove({ digest: '0'.repeat(64) });
    });

    sentence('never makes a disk anew, and makes one only from an image that it has', () =>
      withGuest(async ({ instanceId, image }) => {
        await it_.disks.ensureRoot({ instanceId, image, sizeGiB: 1 });
        await it_.disks.ensureRoot({ instanceId, image: { digest: '0'.repeat(64) }, sizeGiB: 1 });
        expect((await it_.disks.list()).filter((id) => id === instanceId)).toHaveLength(1);
        await isRefused(it_.images.remove(image));
      }),
    );

    sentence('remembers which wish was carried out, also when the driver is reopened', () =>
      withGuest(async (spec) => {
        const { instanceId } = spec;
        await it_.domains.mark(instanceId, 3);
        await it_.domains.mark(instanceId, 2);
        expect((await seen(instanceId))?.applied).toBe(3);
        await it_.domains.start(instanceId);
        await it_.domains.mark(instanceId, 4);
        await it_.domains.define(spec, 1);
        it_ = await bench.reopen();
        expect(await seen(instanceId)).toMatchObject({ power: 'on', applied: 4 });
        await it_.domains.stop(instanceId);
        expect((await seen(instanceId))?.applied).toBe(4);
      }),
    );

    sentence('hints at a guest that changed', () =>
      withGuest(async ({ instanceId }) => {
        const hints: (string | undefined)[] = [];
        const stop = it_.domains.watch((hint) => hints.push(hint));
        await it_.domains.start(instanceId);
        await bench.eventually('a hint of the start', () => Promise.resolve(hints.includes(instanceId)));
        hints.length = 0;
        await it_.domains.stop(instanceId);
        await bench.eventually('a hint of the stop', () => Promise.resolve(hints.includes(instanceId)));
        stop();
        hints.length = 0;
        await it_.domains.start(instanceId);
        expect(hints).toEqual([]);
      }),
    );

    sentence('keeps networks and leases, and gives an address to one guest at a time', async () => {
      const { networks } = it_;
      await networks.ensure(network);
      expect(await networks.list()).toContain(network.networkId);
      const { lease } = next();
      await networks.reserve(lease);
      await networks.reserve(lease);
      expect(await networks.leases(network.networkId)).toEqual([lease]);
      await isRefused(networks.reserve({ ...lease, mac: '52:54:00:c0:01:01', name: 'other' }));
      await isRefused(networks.reserve({ ...lease, ip: next().lease.ip }));
      await isRefused(networks.reserve({ ...lease, ip: '192.0.2.1' }));
      await networks.release({ ...lease, mac: '52:54:00:c0:01:01' });
      expect(await networks.leases(network.networkId)).toEqual([lease]);
      await networks.release(lease);
      await networks.release(lease);
      expect(await networks.leases(network.networkId)).toEqual([]);
      await networks.reserve({ ...lease, mac: '52:54:00:c0:01:01' });
      await networks.release({ ...lease, mac: '52:54:00:c0:01:01' });
    });

    sentence('lays networks side by side and removes them, twice', async () => {
      const { networks } = it_;
      const other = { ...network, networkId: 'net_other', name: 'other' };
      await isRefused(networks.ensure(other));
      const cidr = await networks.freeRange();
      expect(cidr).toMatch(/^\d+\.\d+\.\d+\.0\/24$/);
      expect(cidr).not.toBe(network.cidr);
      await networks.ensure({ ...other, cidr });
      await isRefused(networks.ensure({ ...network, cidr }));
      expect([...(await networks.list())].sort()).toEqual([network.networkId, other.networkId]);
      expect(await networks.leases(other.networkId)).toEqual([]);
      await networks.remove(other.networkId);
      await networks.remove(other.networkId);
      expect(await networks.list()).toEqual([network.networkId]);
    });

    sentence('keeps a network under a running guest', () =>
      withGuest(async ({ instanceId }) => {
        await it_.domains.start(instanceId);
        await isRefused(it_.networks.remove(network.networkId));
      }),
    );

    sentence('builds the same image once', async () => {
      expect(await it_.images.has(bench.image)).toBe(true);
      const before = await it_.images.list();
      expect(before).toContain(bench.image.digest);
      const again = await it_.images.build('tiny', () => undefined);
      expect(again.digest).toBe(bench.image.digest);
      expect(await it_.images.list()).toEqual(before);
    });

    sentence('leaves nothing behind', async () => {
      expect(await it_.domains.observe()).toEqual([]);
      expect(await it_.disks.list()).toEqual([]);
      expect(await it_.networks.leases(network.networkId)).toEqual([]);
      await it_.networks.remove(network.networkId);
      expect(await it_.networks.list()).toEqual([]);
    });
  });
};
