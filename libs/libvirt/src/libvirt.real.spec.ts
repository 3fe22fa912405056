import { failureOf, PrivateDaemon, until } from '@strata/testing/libvirt';
import { once } from 'node:events';
import { Affect, DomainMetadata, DomainShutdown } from './constants.js';
import type { DomainEvent } from './domain-event.js';
import { ErrorCode, isNoSuchDomain, isNoSuchMetadata } from './errors.js';
import { Libvirt } from './libvirt.js';

if (PrivateDaemon.missing) console.warn(`SKIPPED: libvirt against a real daemon, ${PrivateDaemon.missing} is missing`);
const whereLibvirtIs = PrivateDaemon.missing ? describe.skip : describe;

const uuid = '0d7dd6a8-3c36-4a5b-9a35-6f4a0e4a4c11';
const xml = `<domain type='test'><name>spec</name><uuid>${uuid}</uuid><memory unit='KiB'>65536</memory><vcpu>1</vcpu>
  <os><type>hvm</type></os></domain>`;

whereLibvirtIs('a real libvirtd, with virsh as the witness', () => {
  let daemon: PrivateDaemon;
  const opened: Libvirt[] = [];
  const open = async (uri: string): Promise<Libvirt> => {
    const libvirt = await Libvirt.connect({ uri, socketPath: daemon.socketPath, retry: { firstMs: 20, mostMs: 200 } });
    opened.push(libvirt);
    return libvirt;
  };

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

    const defined = await libvirt.call('domainDefineXmlFlags', { xml, flags: 0 });
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
    expect(isNoSuchMetadata(await failureOf(libvirt.call('domainGetMetadata', about)))).toBe(true);
  });

  it('starts and stops networks', async () => {
    const libvirt = await open('test:///default');
    const net = await libvirt.call('networkLookupByName', { name: 'default' });
    await libvirt.call('networkDestroy', { net });
    expect(await daemon.virsh('test', 'net-list', '--name')).toBe('');
    await libvirt.call('networkCreate', { net });
    expect(await daemon.virsh('test', 'net-list', '--name')).toBe('default');
  });

  it('gives up what it opened and what it registered', async () => {
    const libvirt = await open('test:///default');
    const dom = await libvirt.call('domainLookupByName', { name: 'test' });
    const callbackId = await libvirt.call('connectDomainEventCallbackRegisterAny', { eventId: 1, dom });
    await libvirt.call('connectDomainEventCallbackDeregisterAny', { callbackId });
    const twice = libvirt.call('connectDomainEventCallbackDeregisterAny', { callbackId });
    expect(await failureOf(twice)).toMatchObject({ kind: 'refused' });
    const gone = once(libvirt, 'disconnected');
    await libvirt.call('connectClose');
    await gone;
  });

  it('tells why it refuses', async () => {
    const libvirt = await open('test:///default');
    const dom = await libvirt.call('domainLookupByName', { name: 'test' });
    expect(await libvirt.findDomain({ uuid })).toBeUndefined();
    expect(isNoSuchDomain(await failureOf(libvirt.call('domainSuspend', { dom: { ...dom, uuid } })))).toBe(true);
    const broken = await failureOf(libvirt.call('domainDefineXmlFlags', { xml: '<domain', flags: 0 }));
    expect(broken).toMatchObject({ kind: 'refused', code: ErrorCode.XmlDetail });
    const unsupported = await failureOf(libvirt.agentCommand(dom, { execute: 'guest-ping' }));
    expect(unsupported).toMatchObject({ kind: 'refused', code: ErrorCode.NoSupport });
  });

  it('is found again after the daemon was killed', async () => {
    const libvirt = await open('test:///default');
    const gone = once(libvirt, 'disconnected');
    const back = once(libvirt, 'reconnected');
    await daemon.kill();
    await gone;
    expect(await failureOf(libvirt.domains())).toMatchObject({ kind: 'unreachable' });
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
