import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DomainSpec } from '../hypervisor.js';
import { isAHypervisor, whyNoSession } from '../testing/index.js';
import type { Bench } from '../testing/index.js';
import { HypervisorElsewhere } from './elsewhere.fixtures.js';
import type { Somebody } from './elsewhere.fixtures.js';
import { eventually, patience } from './real.fixtures.js';

const reason = await whyNoSession();
if (reason !== undefined) console.warn(`SKIPPED: guests of an ordinary user: ${reason}`);

const NOBODY = 65_534;

/** A user with a folder of their own and a libvirt daemon in it, which is theirs alone. Root makes way for nobody. */
class OrdinaryUser {
  private constructor(
    readonly folder: string,
    readonly somebody: Somebody,
  ) {}

  static async make(): Promise<OrdinaryUser> {
    const folder = await mkdtemp(join(tmpdir(), 'strata-user-'));
    const account = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const user = new OrdinaryUser(folder, { ...account, env: { PATH: process.env['PATH'], HOME: folder } });
    await mkdir(user.cloud);
    if (account.uid !== undefined) for (const it of [folder, user.cloud]) await chown(it, account.uid, account.gid);
    return user;
  }

  get cloud(): string {
    return join(this.folder, 'cloud');
  }

  open(): Promise<HypervisorElsewhere> {
    return HypervisorElsewhere.open(this.cloud, this.somebody);
  }

  /** As the command line does it, which knows of no hypervisor that is open. */
  async removeEverything(): Promise<unknown> {
    const script = `
      const { removeEverything } = await import(${JSON.stringify(new URL('./remove-everything.js', import.meta.url).href)});
      console.log(JSON.stringify(await removeEverything(${JSON.stringify(this.cloud)})));`;
    const options = { ...this.somebody, cwd: '/' };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], options);
    return JSON.parse(stdout);
  }

  async kill(daemon: 'libvirtd' | 'virtlogd'): Promise<void> {
    const file = join(this.folder, '.cache/libvirt', `${daemon}.pid`);
    const pid = Number(await readFile(file, 'utf8'));
    process.kill(pid, 'SIGKILL');
    await eventually(`${daemon} is gone`, async () => !existsSync(`/proc/${pid}`) || (await isZombie(pid)));
  }

  /** What a cloud may leave behind in a folder that it does not own. */
  async traces(): Promise<readonly string[]> {
    const of = async (...path: string[]) => readdir(join(this.folder, ...path)).catch(() => []);
    const [definitions, logs, sockets] = [
      of('.config/libvirt/qemu'),
      of('.cache/libvirt/qemu/log'),
      of('.cache/libvirt'),
    ];
    return [...(await definitions), ...(await logs), ...(await sockets)].filter((name) => name.startsWith('strata-'));
  }

  async leave(): Promise<void> {
    for (const daemon of ['libvirtd', 'virtlogd'] as const) await this.kill(daemon);
    await rm(this.folder, { recursive: true });
  }
}

/** Killed, and waiting for a parent that looks after it: on some machines process 1 does not. */
const isZombie = async (pid: number): Promise<boolean> =>
  /^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State: Z'));

const bench = async (): Promise<Bench> => {
  const user = await OrdinaryUser.make();
  let hypervisor = await user.open();
  return {
    hypervisor,
    async reopen() {
      await hypervisor.close();
      return (hypervisor = await user.open());
    },
    eventually,
    image: await hypervisor.images.build('tiny', () => undefined),
    async close() {
      await hypervisor.close();
      await user.removeEverything();
      await user.leave();
    },
  };
};

if (reason === undefined) {
  isAHypervisor('libvirt in the session of an ordinary user', bench);
} else {
  describe('libvirt in the session of an ordinary user is a hypervisor', () => {
    it.skip('keeps the contract of all drivers', () => undefined);
  });
}

(reason === undefined ? describe : describe.skip)('a guest of an ordinary user', () => {
  let user: OrdinaryUser;
  let hypervisor: HypervisorElsewhere;
  let spec: DomainSpec;

  beforeAll(async () => {
    user = await OrdinaryUser.make();
    hypervisor = await user.open();
    const image = await hypervisor.images.build('tiny', () => undefined);
    const cidr = await hypervisor.networks.freeRange();
    spec = {
      instanceId: 'inst_01jd0000000000000000000000',
      tenantId: 'ten_session',
      name: 'session',
      vcpus: 1,
      memoryMiB: 128,
      image,
      diskGiB: 1,
      lease: { networkId: 'net_session', mac: '52:54:00:5e:55:01', ip: cidr.replace('0/24', '77'), name: 'session' },
      firstBoot: { hostname: 'session', sshKeys: [] },
    };
    await hypervisor.networks.ensure({ networkId: 'net_session', name: 'session', type: 'nat', cidr });
    await hypervisor.networks.reserve(spec.lease);
    await hypervisor.disks.ensureRoot({ instanceId: spec.instanceId, image, sizeGiB: 1 });
    await hypervisor.domains.define(spec, 0);
    await hypervisor.domains.start(spec.instanceId);
  }, patience);

  afterAll(async () => {
    await hypervisor?.close();
    await user?.leave();
  }, patience);

  const sh = async (script: string): Promise<string> =>
    (await hypervisor.guests.exec(spec.instanceId, ['sh', '-c', script], 60_000)).stdout;

  it('is announced with what it cannot do', () => {
    expect(hypervisor.why).toMatch(/^libvirt \d.* was started for you without root; .*nobody reaches them/);
  });

  it(
    'has the address that was leased to it, and reaches beyond its host',
    async () => {
      await eventually('it has its address', async () =>
        (await sh('ip -4 addr show eth0')).includes(`${spec.lease.ip}/24`),
      );
      const server = createServer((_, answer) => answer.end('from outside')).listen(0, '127.0.0.1');
      try {
        await eventually('the server listens', () => Promise.resolve(server.listening));
        const address = server.address();
        const port = typeof address === 'object' ? address?.port : undefined;
        const gateway = spec.lease.ip.replace(/\d+$/, '1');
        expect(await sh(`wget -q -O - http://${gateway}:${port}/`)).toBe('from outside');
      } finally {
        server.close();
      }
    },
    patience,
  );

  it(
    'is not started without its network',
    async () => {
      await hypervisor.domains.stop(spec.instanceId);
      await hypervisor.networks.remove('net_session');
      await expect(hypervisor.domains.start(spec.instanceId)).rejects.toThrow('there is no network net_session');
      const cidr = spec.lease.ip.replace(/\d+$/, '0/24');
      await hypervisor.networks.ensure({ networkId: 'net_session', name: 'session', type: 'nat', cidr });
      await hypervisor.networks.reserve(spec.lease);
      await hypervisor.domains.start(spec.instanceId);
    },
    patience,
  );

  it(
    'outlives a daemon that is killed, which comes back by itself',
    async () => {
      const boot = await sh('cat /proc/sys/kernel/random/boot_id');
      const hints: (string | undefined)[] = [];
      hypervisor.domains.watch((hint) => hints.push(hint));
      await user.kill('libvirtd');
      const isSeen = () =>
        hypervisor.domains.observe().then(
          (guests) => guests.length === 1,
          () => false,
        );
      await eventually('it is seen again', async () => hints.includes(undefined) && (await isSeen()));
      // There are two connections, and the one that speaks to agents may be a moment later.
      await eventually('the last of them is back', () =>
        Promise.resolve(hints.filter((it) => it === undefined).length > 1),
      );
      expect(await sh('cat /proc/sys/kernel/random/boot_id')).toBe(boot);
    },
    patience,
  );

  it(
    'is removed whole, even where its daemon has to be started for that',
    async () => {
      expect(await user.traces()).not.toEqual([]);
      await hypervisor.close();
      await user.kill('libvirtd');
      expect(await user.removeEverything()).toEqual({ guests: 1, networks: 1, disks: 1 });
      expect(await user.traces()).toEqual([]);
      expect(await readdir(user.cloud)).toEqual([]);
      expect(await user.removeEverything()).toEqual({ guests: 0, networks: 0, disks: 0 });
    },
    patience,
  );
});
