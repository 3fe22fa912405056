import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LibvirtError } from '@strata/libvirt';
import type { DomainRef, NetworkRef } from '@strata/libvirt';
import { FakeDaemon, until } from '@strata/testing/libvirt';
import type { FakeAnswers } from '@strata/testing/libvirt';
import { HypervisorError } from '../hypervisor.js';
import { systemDaemon } from './daemon-place.js';
import { Home } from './home.js';
import { LibvirtHypervisor } from './libvirt-hypervisor.js';

const refusal = (code: number): LibvirtError =>
  new LibvirtError('refused', `refused with ${code}`, { refusal: { code, domain: 10, level: 2 } });

const never = new Promise<never>(() => undefined);

describe('libvirt as a hypervisor', () => {
  let folder: string;
  let home: Home;
  const opened: { hypervisor: LibvirtHypervisor; daemon: FakeDaemon }[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'strata-fake-'));
    chmodSync(folder, 0o755);
    home = new Home(folder);
  });

  afterEach(async () => {
    for (const { hypervisor, daemon } of opened.splice(0)) {
      await hypervisor.close();
      await daemon.stop();
    }
    rmSync(folder, { recursive: true });
  });

  const open = async (answers: FakeAnswers) => {
    const daemon = await FakeDaemon.start({
      connectGetCapabilities: () => `<capabilities><guest><arch name='x86_64'/></guest></capabilities>`,
      ...answers,
    });
    const reach = { socketPath: daemon.socketPath, deadlineMs: 200, retry: { firstMs: 10, mostMs: 20 } };
    const hypervisor = await LibvirtHypervisor.open({ home: folder, daemon: { ...systemDaemon, reach } });
    opened.push({ hypervisor, daemon });
    return { hypervisor, daemon };
  };

  const domainOf = (name: string, id = 1): DomainRef => ({ name, uuid: home.uuidOf(name), id });

  const outcome = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'done',
      (error: unknown) => (error instanceof HypervisorError ? error.outcome : error),
    );

  describe('says honestly how a call ended:', () => {
    it('a refusal is one', async () => {
      const refuses = (): never => {
        throw refusal(1);
      };
      const { hypervisor } = await open({ connectListAllDomains: refuses });
      expect(await outcome(hypervisor.domains.observe())).toBe('refused');
    });

    it('a daemon that is busy may be asked again', async () => {
      const busy = (): never => {
        throw refusal(68);
      };
      const { hypervisor } = await open({ connectListAllDomains: busy });
      expect(await outcome(hypervisor.domains.observe())).toBe('retryable');
    });

    it('nobody knows what became of a call that was not answered', async () => {
      const { hypervisor } = await open({ connectListAllDomains: () => never });
      expect(await outcome(hypervisor.domains.observe())).toBe('unknown');
    });

    it('nor of one during which the daemon died', async () => {
      const { hypervisor, daemon } = await open({ connectListAllDomains: () => never });
      const call = outcome(hypervisor.domains.observe());
      await until(() => daemon.called.includes('connectListAllDomains'));
      await daemon.die();
      expect(await call).toBe('unknown');
    });

    it('what was never sent may be tried again', async () => {
      const { hypervisor, daemon } = await open({});
      await daemon.die();
      await until(() => daemon.connections === 0);
      expect(['retryable', 'unknown']).toContain(await outcome(hypervisor.domains.observe()));
      expect(await outcome(hypervisor.domains.observe())).toBe('retryable');
    });
  });

  it('hints at guests of this home, and at everything when the daemon is back', async () => {
    const { hypervisor, daemon } = await open({});
    const hints: (string | undefined)[] = [];
    hypervisor.domains.watch((hint) => hints.push(hint));
    daemon.tellStarted(domainOf('somebody-elses'));
    daemon.tellStarted(domainOf(new Home('/elsewhere').nameOf('inst_1')));
    daemon.tellStarted(domainOf(home.nameOf('inst_1')));
    await until(() => hints.length > 0);
    expect(hints).toEqual(['inst_1']);
    await daemon.die();
    await daemon.listen();
    await until(() => hints.length > 1);
    expect(hints).toEqual(['inst_1', undefined]);
  });

  const guest = (state: readonly [number, number], { agent = false, persistent = true } = {}): FakeAnswers => ({
    connectListAllDomains: () => [domainOf('somebody-elses'), domainOf(home.nameOf('inst_1'))],
    domainLookupByName: ({ name }) => domainOf(name),
    domainGetState: () => ({ state: state[0], reason: state[1] }),
    domainIsPersistent: () => persistent,
    domainGetXmlDesc:
      () => `<domain><metadata><strata:guest xmlns:strata="urn:strata:guest:1" tenant="t" applied="9"/></metadata>
      <channel><target type='virtio' name='org.qemu.guest_agent.0' state='${agent ? 'connected' : 'disconnected'}'/></channel></domain>`,
  });

  const states = [
    { state: [1, 1], power: 'on' },
    { state: [3, 1], power: 'paused' },
    { state: [3, 5], power: 'paused', reason: 'paused by an error of its disk' },
    { state: [3, 11], power: 'on' },
    { state: [4, 1], power: 'on' },
    { state: [5, 0], power: 'off' },
    { state: [5, 1], power: 'off', reason: 'shut down by the guest' },
    { state: [5, 2], power: 'off', reason: 'destroyed' },
    { state: [5, 3], power: 'off', reason: 'crashed' },
    { state: [5, 6], power: 'off', reason: 'failed to start' },
    { state: [6, 1], power: 'off', reason: 'crashed' },
  ] as const;
  for (const { state, power, ...why } of states) {
    it(`sees state ${state.join('/')} as ${power}${'reason' in why ? `: ${why.reason}` : ''}`, async () => {
      const { hypervisor } = await open(guest(state));
      const seen = { instanceId: 'inst_1', power, applied: 9, definition: 'persistent', guestAgent: false, ...why };
      expect(await hypervisor.domains.observe()).toEqual([seen]);
    });
  }

  it('sees a guest without a definition, and an agent', async () => {
    const { hypervisor } = await open(guest([1, 1], { agent: true, persistent: false }));
    expect(await hypervisor.domains.observe()).toMatchObject([{ definition: 'transient', guestAgent: true }]);
  });

  it('does not see a guest that goes away while it looks', async () => {
    const gone = (): never => {
      throw refusal(42);
    };
    const { hypervisor } = await open({ ...guest([1, 1]), domainGetXmlDesc: gone });
    expect(await hypervisor.domains.observe()).toEqual([]);
  });

  it('presses the power button when the agent does not take a request to shut down', async () => {
    const flags: number[] = [];
    const { hypervisor } = await open({
      ...guest([1, 1], { agent: true }),
      domainShutdownFlags: (asked) => {
        flags.push(asked.flags);
        if (asked.flags === 2) throw refusal(86);
      },
    });
    await hypervisor.domains.requestShutdown('inst_1');
    expect(flags).toEqual([2, 1]);
  });

  it('looks at its guests while one of them is being destroyed, without waiting for that one', async () => {
    const names = ['inst_1', 'inst_2'].map((id) => domainOf(home.nameOf(id)));
    let release = (): void => undefined;
    let locked = false;
    const unlessLocked = <Answer>(answer: Answer, name?: string): Answer | Promise<never> =>
      locked && name !== home.nameOf('inst_2') ? never : answer;
    const { hypervisor, daemon } = await open({
      ...guest([1, 1]),
      connectListAllDomains: () => unlessLocked(names),
      domainGetState: ({ dom }) => unlessLocked({ state: 1, reason: 1 }, dom.name),
      domainDestroyFlags: () =>
        new Promise((resolve) => {
          locked = true;
          release = () => {
            locked = false;
            resolve(undefined);
          };
        }),
    });
    expect(await hypervisor.domains.observe()).toHaveLength(2);
    const stopped = hypervisor.domains.stop('inst_1');
    await until(() => daemon.called.includes('domainDestroyFlags'));
    expect(await hypervisor.domains.observe()).toMatchObject([{ power: 'on' }, { power: 'on' }]);
    release();
    await stopped;
    const lists = (): number => daemon.called.filter((name) => name === 'connectListAllDomains').length;
    const before = lists();
    expect(await hypervisor.domains.observe()).toHaveLength(2);
    expect(lists()).toBe(before + 1);
  });

  it('never lowers the revision that was carried out', async () => {
    const marks: string[] = [];
    const { hypervisor } = await open({
      ...guest([1, 1]),
      domainSetMetadata: ({ metadata, flags }) => void marks.push(`${flags} ${metadata}`),
    });
    await hypervisor.domains.mark('inst_1', 4);
    expect(marks).toEqual([`3 <guest home='${home.id}' instance='inst_1' tenant='t' applied='9'/>`]);
  });

  const cidr = '10.77.1.0/24';
  const network = { networkId: 'net_1', name: 'default', type: 'nat', cidr } as const;
  const own: NetworkRef = { name: '', uuid: '00000000-0000-0000-0000-000000000000' };
  const rival: NetworkRef = { name: 'strata-00000000-net_1', uuid: '00000000-0000-0000-0000-000000000001' };

  it('steps back when another home took the same range at the same moment', async () => {
    let defined = false;
    let undefined_ = 0;
    const { hypervisor, daemon } = await open({
      networkLookupByName: () => {
        throw refusal(43);
      },
      // Nobody is there when both look; then both define, and the rival is seen.
      connectListAllNetworks: () => (defined ? [{ ...own, name: home.nameOf('net_1') }, rival] : []),
      networkGetXmlDesc: () => `<network><ip address='10.77.1.1' netmask='255.255.255.0'/></network>`,
      networkDefineXml: () => {
        defined = true;
        return { ...own, name: home.nameOf('net_1') };
      },
      networkDestroy: () => {
        throw refusal(55);
      },
      networkUndefine: () => {
        undefined_ += 1;
      },
    });
    expect(await outcome(hypervisor.networks.ensure(network))).toBe('refused');
    expect(undefined_).toBe(1);
    expect(daemon.called).not.toContain('networkCreate');
  });

  it('switches a network on that it finds switched off', async () => {
    let active = false;
    const { hypervisor } = await open({
      networkLookupByName: ({ name }) => ({ ...own, name }),
      networkGetXmlDesc: () => `<network><ip address='10.77.1.1' netmask='255.255.255.0'/></network>`,
      networkIsActive: () => active,
      networkCreate: () => {
        active = true;
      },
    });
    await hypervisor.networks.ensure(network);
    expect(active).toBe(true);
  });

  it('leaves an image that a disk grows from', async () => {
    const { hypervisor } = await open({});
    const digest = 'ab'.repeat(32);
    const image = join(home.images, digest);
    mkdirSync(image, { recursive: true });
    const manifest = { digest, recipe: 'tiny', cmdline: '', kernelVersion: '', sizeMiB: 1, virtualGiB: 1 };
    writeFileSync(join(image, 'manifest.json'), JSON.stringify({ ...manifest, createdAt: '', packages: [] }));
    const { folder: instance, root } = home.filesOf('inst_1');
    mkdirSync(instance);
    const backing = join(image, 'disk.qcow2');
    const header = Buffer.alloc(64 + backing.length);
    header.writeBigUInt64BE(64n, 8);
    header.writeUInt32BE(backing.length, 16);
    header.write(backing, 64);
    writeFileSync(root, header);
    expect(await outcome(hypervisor.images.remove({ digest }))).toBe('refused');
    rmSync(root);
    expect(await outcome(hypervisor.images.remove({ digest }))).toBe('done');
    expect(await hypervisor.images.has({ digest })).toBe(false);
  });
});
