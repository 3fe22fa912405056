import { PrivateDaemon } from '@strata/testing/libvirt';
import { once } from 'node:events';
import {
  Affect,
  DomainMetadata,
  DomainShutdown,
  DomainUndefine,
  NetworkSection,
  NetworkUpdateCommand,
} from './constants.js';
import type { DomainEvent } from './domain-event.js';
import {
  ErrorCode,
  isAgentUnresponsive,
  isAlreadyExists,
  isNoSuchDomain,
  isNoSuchMetadata,
  isNoSuchNetwork,
  isOperationInvalid,
} from './errors.js';
import { Libvirt } from './libvirt.js';

if (PrivateDaemon.missing) console.warn(`SKIPPED: libvirt against a real daemon, ${PrivateDaemon.missing} is missing`);
const whereLibvirtIs = PrivateDaemon.missing ? describe.skip : describe;

const uuid = '0d7dd6a8-3c36-4a5b-9a35-6f4a0e4a4c11';
const domainXml = (type: 'test' | 'qemu', devices = ''): string =>
  `<domain type='${type}'><name>spec</name><uuid>${uuid}</uuid><memory unit='KiB'>65536</memory><vcpu>1</vcpu>
   <os><type arch='x86_64' machine='${type === 'qemu' ? 'pc' : 'xen'}'>hvm</type></os>
   <devices>${devices}</devices></domain>`;

const networkXml = (name: string): string =>
  `<network><name>${name}</name><uuid>bbf1bb6f-fcef-4acc-99f9-4a5e4b02b75c</uuid><bridge name='spec0'/>
   <ip address='198.51.100.1' netmask='255.255.255.0'><dhcp><range start='198.51.100.10' end='198.51.100.20'/></dhcp></ip></network>`;

whereLibvirtIs('a real libvirtd, with virsh as the witness', () => {
  let daemon: PrivateDaemon;
  const opened: Libvirt[] = [];
  const open = async (uri: string): Promise<Libvirt> => {
    const libvirt = await Libvirt.connect({ uri, socketPath: daemon.socketPath, retry: { firstMs: 20, mostMs: 200 } });
    opened.push(libvirt);
    return libvirt;
  };
  const failure = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'it worked',
      (error: unknown) => error,
    );

  beforeAll(async () => {
    daemon = await PrivateDaemon.start();
  });
  afterEach(() => {
    for (const libvirt of opened.splice(0)) libvirt.close();
  });
  afterAll(async () => {
    await daemon.stop();
  });

  it('says of itself and of its host what virsh says', async () => {
    const libvirt = await open('test:///default');
    expect(await libvirt.call('connectGetHostname')).toBe(await daemon.virsh('test', 'hostname'));
    expect(await libvirt.call('connectGetUri')).toBe('test:///default');
    expect(await libvirt.call('connectGetCapabilities')).toBe(`${await daemon.virsh('test', 'capabilities')}\n`);
    const version = await libvirt.call('connectGetLibVersion');
    expect(await daemon.virsh('test', 'version', '--daemon')).toContain(
      `libvirtd ${dotted(version)}`.replace('libvirtd', 'daemon:'),
    );

    const { cpus, memory, model } = await libvirt.call('nodeGetInfo');
    const told = await daemon.virsh('test', 'nodeinfo');
    expect(told).toMatch(new RegExp(`CPU model: +${model}\n`));
    expect(told).toMatch(new RegExp(`CPU\\(s\\): +${cpus}\n`));
    expect(told).toMatch(new RegExp(`Memory size: +${memory} KiB`));
    expect(await libvirt.call('nodeGetFreeMemory')).toBeGreaterThan(0n);
  });

  it('leads a domain through its life', async () => {
    const libvirt = await open('test:///default');
    const seen = eventsOf(libvirt);
    const state = (): Promise<string> => daemon.virsh('test', 'domstate', '--reason', 'spec');

    const defined = await libvirt.call('domainDefineXmlFlags', { xml: domainXml('test'), flags: 0 });
    expect(defined).toEqual({ name: 'spec', uuid, id: -1 });
    expect(await daemon.virsh('test', 'domuuid', 'spec')).toBe(uuid);
    expect(await libvirt.findDomain({ name: 'spec' })).toEqual(defined);
    expect((await libvirt.domains()).map(({ name }) => name).sort()).toEqual(
      (await daemon.virsh('test', 'list', '--all', '--name')).split('\n').sort(),
    );
    expect(await libvirt.call('domainIsPersistent', { dom: defined })).toBe(true);
    expect(await libvirt.call('domainIsActive', { dom: defined })).toBe(false);
    expect(await libvirt.call('domainGetXmlDesc', { dom: defined, flags: 0 })).toContain(`<uuid>${uuid}</uuid>`);

    const dom = await libvirt.call('domainCreateWithFlags', { dom: defined, flags: 0 });
    expect(dom.id).toBe(Number(await daemon.virsh('test', 'domid', 'spec')));
    expect(await libvirt.stateOf(dom)).toEqual({ state: 'running', reason: 'booted' });
    expect(await state()).toBe('running (booted)');
    expect(await libvirt.call('domainGetInfo', { dom })).toMatchObject({
      state: 1,
      maxMemory: 65_536n,
      memory: 65_536n,
      vcpus: 1,
    });

    await libvirt.call('domainSuspend', { dom });
    expect(await state()).toBe('paused (user)');
    expect(await libvirt.stateOf(dom)).toEqual({ state: 'paused', reason: 'user' });
    await libvirt.call('domainResume', { dom });
    expect(await state()).toBe('running (unpaused)');
    await libvirt.call('domainReboot', { dom, flags: DomainShutdown.Default });
    await libvirt.call('domainDestroyFlags', { dom, flags: 0 });
    expect(await state()).toBe('shut off (destroyed)');
    await libvirt.call('domainCreateWithFlags', { dom, flags: 0 });
    await libvirt.call('domainShutdownFlags', { dom, flags: DomainShutdown.Default });
    expect(await libvirt.stateOf(dom)).toEqual({ state: 'shutoff', reason: 'shutdown' });
    await libvirt.call('domainUndefineFlags', { dom, flags: 0 });
    expect(await daemon.virsh('test', 'list', '--all', '--name')).toBe('test');

    await until(() => seen.map(worded).includes('undefined removed'));
    expect(seen.map(worded)).toEqual([
      'defined added',
      'started booted',
      'suspended paused',
      'resumed unpaused',
      'stopped destroyed',
      'started booted',
      'stopped shutdown',
      'undefined removed',
    ]);
  });

  it('hears what others do', async () => {
    const libvirt = await open('test:///default');
    const seen = eventsOf(libvirt);
    await daemon.virsh('test', 'suspend', 'test');
    await daemon.virsh('test', 'resume', 'test');
    await until(() => seen.length === 2);
    expect(seen.map(worded)).toEqual(['suspended paused', 'resumed unpaused']);
    expect(seen[0]?.domain.name).toBe('test');
  });

  it('keeps and gives metadata', async () => {
    const libvirt = await open('test:///default');
    const dom = await libvirt.call('domainLookupByName', { name: 'test' });
    const about = { dom, type: DomainMetadata.Element, uri: 'https://example.org/strata', flags: Affect.Current };
    await libvirt.call('domainSetMetadata', { ...about, metadata: '<generation>7</generation>', key: 'strata' });
    expect(await libvirt.call('domainGetMetadata', about)).toBe('<generation>7</generation>');
    expect(await daemon.virsh('test', 'metadata', 'test', '--uri', about.uri)).toBe('<generation>7</generation>');
    await libvirt.call('domainSetMetadata', { ...about, metadata: null, key: null });
    expect(isNoSuchMetadata(await failure(libvirt.call('domainGetMetadata', about)))).toBe(true);
  });

  it('changes networks', async () => {
    const libvirt = await open('qemu:///session');
    const net = await libvirt.call('networkDefineXml', { xml: networkXml('blue') });
    expect(await daemon.virsh('qemu', 'net-uuid', 'blue')).toBe(net.uuid);
    expect(await libvirt.networks()).toEqual([net]);
    expect(await libvirt.findNetwork({ name: 'blue' })).toEqual(net);
    expect(await libvirt.findNetwork({ uuid: net.uuid })).toEqual(net);
    expect(await libvirt.call('networkIsActive', { net })).toBe(false);
    expect(await libvirt.call('networkIsPersistent', { net })).toBe(true);

    // Command 3 and section 4: swapped they would be "add first" to "ip", and the daemon would refuse.
    const host = `<host mac='52:54:00:00:00:01' ip='198.51.100.11'/>`;
    const change = { section: NetworkSection.IpDhcpHost, xml: host, flags: Affect.Config };
    await libvirt.updateNetwork(net, { ...change, command: NetworkUpdateCommand.AddLast });
    expect(await daemon.virsh('qemu', 'net-dumpxml', 'blue')).toContain(host);
    await libvirt.updateNetwork(net, { ...change, command: NetworkUpdateCommand.Delete });
    expect(await libvirt.call('networkGetXmlDesc', { net, flags: 0 })).not.toContain('<host');

    await libvirt.call('networkSetAutostart', { net, autostart: true });
    expect(await daemon.virsh('qemu', 'net-info', 'blue')).toMatch(/Autostart: +yes/);
    const twin = networkXml('red').replace('spec0', 'spec1');
    expect(isAlreadyExists(await failure(libvirt.call('networkDefineXml', { xml: twin })))).toBe(true);
    expect(isOperationInvalid(await failure(libvirt.call('networkDestroy', { net })))).toBe(true);
    await libvirt.call('networkUndefine', { net });
    expect(await daemon.virsh('qemu', 'net-list', '--all', '--name')).toBe('');
    expect(isNoSuchNetwork(await failure(libvirt.call('networkGetXmlDesc', { net, flags: 0 })))).toBe(true);
  });

  it('starts and stops networks', async () => {
    const libvirt = await open('test:///default');
    const net = await libvirt.call('networkLookupByName', { name: 'default' });
    await libvirt.call('networkDestroy', { net });
    expect(await daemon.virsh('test', 'net-list', '--name')).toBe('');
    await libvirt.call('networkCreate', { net });
    expect(await daemon.virsh('test', 'net-list', '--name')).toBe('default');
  });

  it('tells why it refuses', async () => {
    const libvirt = await open('test:///default');
    const dom = await libvirt.call('domainLookupByName', { name: 'test' });
    expect(await libvirt.findDomain({ uuid })).toBeUndefined();
    expect(isNoSuchDomain(await failure(libvirt.call('domainSuspend', { dom: { ...dom, uuid } })))).toBe(true);
    const broken = await failure(libvirt.call('domainDefineXmlFlags', { xml: '<domain', flags: 0 }));
    expect(broken).toMatchObject({ kind: 'refused', code: ErrorCode.XmlDetail });
    const unsupported = await failure(libvirt.agentCommand(dom, { execute: 'guest-ping' }));
    expect(unsupported).toMatchObject({ kind: 'refused', code: ErrorCode.NoSupport });
  });

  it('runs a guest of QEMU whose agent is silent', async () => {
    const agent = `<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>`;
    const libvirt = await open('qemu:///session');
    const seen = eventsOf(libvirt);
    const defined = await libvirt.call('domainDefineXmlFlags', { xml: domainXml('qemu', agent), flags: 0 });
    const dom = await libvirt.call('domainCreateWithFlags', { dom: defined, flags: 0 });
    expect(await daemon.virsh('qemu', 'domstate', 'spec')).toBe('running');

    expect(isAgentUnresponsive(await failure(libvirt.agentCommand(dom, { execute: 'guest-ping' })))).toBe(true);
    expect(isOperationInvalid(await failure(libvirt.call('domainCreateWithFlags', { dom, flags: 0 })))).toBe(true);
    const twin = domainXml('qemu').replace(uuid, 'bbf1bb6f-fcef-4acc-99f9-4a5e4b02b75c');
    expect(isAlreadyExists(await failure(libvirt.call('domainDefineXmlFlags', { xml: twin, flags: 0 })))).toBe(true);
    const status = await libvirt.call('qemuDomainMonitorCommand', {
      dom,
      command: '{"execute":"query-status"}',
      flags: 0,
    });
    expect(JSON.parse(status)).toMatchObject({ return: { status: 'running' } });
    const [stats] = await libvirt.call('connectGetAllDomainStats', { doms: [dom], stats: 0, flags: 0 });
    expect(stats?.params).toContainEqual({ field: 'balloon.maximum', value: { type: 'uhyper', value: 65_536n } });

    await libvirt.call('domainReset', { dom, flags: 0 });
    await until(() => seen.some(({ type }) => type === 'reboot'));
    await libvirt.call('domainDestroyFlags', { dom, flags: 0 });
    await libvirt.call('domainUndefineFlags', { dom, flags: DomainUndefine.ManagedSave | DomainUndefine.Nvram });
    expect(await daemon.virsh('qemu', 'list', '--all', '--name')).toBe('');
  }, 30_000);

  it('is found again after the daemon was killed', async () => {
    const libvirt = await open('test:///default');
    const gone = once(libvirt, 'disconnected');
    const back = once(libvirt, 'reconnected');
    await daemon.kill();
    await gone;
    expect(await failure(libvirt.domains())).toMatchObject({ kind: 'unreachable' });
    await daemon.run();
    await back;
    const seen = eventsOf(libvirt);
    await daemon.virsh('test', 'destroy', 'test');
    await until(() => seen.length > 0);
    expect(seen.map(worded)).toEqual(['stopped destroyed']);
  }, 30_000);
});

const eventsOf = (libvirt: Libvirt): DomainEvent[] => {
  const seen: DomainEvent[] = [];
  libvirt.on('domain', (event) => seen.push(event));
  return seen;
};

const worded = (event: DomainEvent): string =>
  event.type === 'lifecycle' ? `${event.change} ${event.detail}` : event.type;

/** libvirt counts versions as major * 1 000 000 + minor * 1 000 + release. */
const dotted = (version: bigint): string => `${version / 1_000_000n}.${(version / 1000n) % 1000n}.${version % 1000n}`;

/** Waits for a condition, never for a time. */
const until = async (condition: () => boolean): Promise<void> => {
  const deadline = Date.now() + 8000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('what was waited for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
