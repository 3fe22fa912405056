import { failureOf, PrivateDaemon, until } from '@strata/testing/libvirt';
import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Affect, DomainUndefine, DomainXml, NetworkSection, NetworkUpdateCommand } from './constants.js';
import type { DomainEvent } from './domain-event.js';
import { isAgentUnresponsive, isAlreadyExists, isNoSuchNetwork, isOperationInvalid } from './errors.js';
import { Libvirt } from './libvirt.js';
import type { DomainRef } from './procedures.js';

if (PrivateDaemon.missing) console.warn(`SKIPPED: libvirt driving QEMU, ${PrivateDaemon.missing} is missing`);
const whereLibvirtIs = PrivateDaemon.missing ? describe.skip : describe;

const uuid = '0d7dd6a8-3c36-4a5b-9a35-6f4a0e4a4c11';
const domainXml = (devices: string): string =>
  `<domain type='qemu'><name>spec</name><uuid>${uuid}</uuid><memory unit='KiB'>65536</memory><vcpu current='1'>2</vcpu>
   <os><type arch='x86_64' machine='pc'>hvm</type></os><devices>${devices}</devices></domain>`;

const networkXml = (name: string): string =>
  `<network><name>${name}</name><uuid>bbf1bb6f-fcef-4acc-99f9-4a5e4b02b75c</uuid><bridge name='spec0'/>
   <ip address='198.51.100.1' netmask='255.255.255.0'><dhcp><range start='198.51.100.10' end='198.51.100.20'/></dhcp></ip></network>`;

whereLibvirtIs('QEMU behind a real libvirtd, with virsh as the witness', () => {
  let daemon: PrivateDaemon;
  let libvirt: Libvirt;
  beforeAll(async () => {
    daemon = await PrivateDaemon.start();
    libvirt = await Libvirt.connect({ uri: 'qemu:///session', socketPath: daemon.socketPath });
  });
  afterAll(async () => {
    libvirt.close();
    await daemon.stop();
  });

  const define = (devices: string): Promise<DomainRef> =>
    libvirt.call('domainDefineXmlFlags', { xml: domainXml(devices), flags: 0 });
  const disk = async (name: string, bytes: number): Promise<string> => {
    const path = join(daemon.directory, name);
    await writeFile(path, Buffer.alloc(bytes));
    // The daemon runs as somebody else when the tests run as root.
    await chmod(path, 0o666);
    return path;
  };

  it('changes networks', async () => {
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

    expect(await libvirt.call('networkGetDhcpLeases', { net, mac: null, flags: 0 })).toEqual([]);
    await libvirt.call('networkSetAutostart', { net, autostart: true });
    expect(await daemon.virsh('qemu', 'net-info', 'blue')).toMatch(/Autostart: +yes/);
    const twin = networkXml('red').replace('spec0', 'spec1');
    expect(isAlreadyExists(await failureOf(libvirt.call('networkDefineXml', { xml: twin })))).toBe(true);
    expect(isOperationInvalid(await failureOf(libvirt.call('networkDestroy', { net })))).toBe(true);
    await libvirt.call('networkUndefine', { net });
    expect(await daemon.virsh('qemu', 'net-list', '--all', '--name')).toBe('');
    expect(isNoSuchNetwork(await failureOf(libvirt.call('networkGetXmlDesc', { net, flags: 0 })))).toBe(true);
  });

  it('changes what a domain is defined as', async () => {
    const dom = await define(`<interface type='user'><mac address='52:54:00:00:00:07'/></interface>`);
    const inactive = (): Promise<string> => daemon.virsh('qemu', 'dumpxml', '--inactive', 'spec');
    await libvirt.call('domainSetVcpusFlags', { dom, vcpus: 2, flags: Affect.Config });
    await libvirt.call('domainSetMemoryFlags', { dom, memory: 32_768n, flags: Affect.Config });
    await libvirt.call('domainSetAutostart', { dom, autostart: true });
    expect(await inactive()).toContain(`<currentMemory unit='KiB'>32768</currentMemory>`);
    expect(await inactive()).toContain(`<vcpu placement='static'>2</vcpu>`);
    expect(await daemon.virsh('qemu', 'dominfo', 'spec')).toMatch(/Autostart: +enable/);

    const source = await disk('data.img', 1024 * 1024);
    const xml = `<disk type='file'><source file='${source}'/><target dev='vdb' bus='virtio'/></disk>`;
    await libvirt.call('domainAttachDeviceFlags', { dom, xml, flags: Affect.Config });
    expect(await inactive()).toContain(`<target dev='vdb' bus='virtio'/>`);
    await libvirt.call('domainDetachDeviceFlags', { dom, xml, flags: Affect.Config });
    expect(await inactive()).not.toContain('vdb');
    const link = `<interface type='user'><mac address='52:54:00:00:00:07'/><link state='down'/></interface>`;
    await libvirt.call('domainUpdateDeviceFlags', { dom, xml: link, flags: Affect.Config });
    expect(await inactive()).toContain(`<link state='down'/>`);
    expect(await libvirt.call('domainGetXmlDesc', { dom, flags: DomainXml.Inactive })).toBe(`${await inactive()}\n`);
    await libvirt.call('domainUndefineFlags', { dom, flags: 0 });
  });

  it('runs a guest whose agent is silent', async () => {
    const source = await disk('root.img', 1024 * 1024);
    const seen: DomainEvent[] = [];
    libvirt.on('domain', (event) => seen.push(event));
    const defined = await define(
      `<disk type='file'><source file='${source}'/><target dev='vda' bus='virtio'/></disk>
       <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>`,
    );
    const dom = await libvirt.call('domainCreateWithFlags', { dom: defined, flags: 0 });
    expect(await daemon.virsh('qemu', 'domstate', 'spec')).toBe('running');
    expect(isOperationInvalid(await failureOf(libvirt.call('domainCreateWithFlags', { dom, flags: 0 })))).toBe(true);
    const twin = domainXml('').replace(uuid, 'bbf1bb6f-fcef-4acc-99f9-4a5e4b02b75c');
    expect(isAlreadyExists(await failureOf(libvirt.call('domainDefineXmlFlags', { xml: twin, flags: 0 })))).toBe(true);

    expect(isAgentUnresponsive(await failureOf(libvirt.agentCommand(dom, { execute: 'guest-ping' })))).toBe(true);
    const everywhere = { dom, mountpoints: [], flags: 0 };
    expect(isAgentUnresponsive(await failureOf(libvirt.call('domainFsfreeze', everywhere)))).toBe(true);
    expect(isAgentUnresponsive(await failureOf(libvirt.call('domainFsthaw', everywhere)))).toBe(true);

    const command = '{"execute":"query-status"}';
    const status: unknown = JSON.parse(await libvirt.call('qemuDomainMonitorCommand', { dom, command, flags: 0 }));
    expect(status).toMatchObject({ return: { status: 'running' } });
    const [stats] = await libvirt.call('connectGetAllDomainStats', { doms: [dom], stats: 0, flags: 0 });
    expect(stats?.params).toContainEqual({ field: 'balloon.maximum', value: { type: 'uhyper', value: 65_536n } });
    expect(stats?.params).toContainEqual({ field: 'block.0.path', value: { type: 'string', value: source } });

    await libvirt.call('domainBlockResize', { dom, disk: 'vda', size: 2048n, flags: 0 });
    expect((await stat(source)).size).toBe(2 * 1024 * 1024);
    const target = join(daemon.directory, 'backup.qcow2');
    const backupXml = `<domainbackup mode='push'><disks><disk name='vda' type='file'><target file='${target}'/>
      <driver type='qcow2'/></disk></disks></domainbackup>`;
    await libvirt.call('domainBackupBegin', { dom, backupXml, checkpointXml: null, flags: 0 });
    expect((await stat(target)).size).toBeGreaterThan(0);

    await libvirt.call('domainReset', { dom, flags: 0 });
    await until(() => seen.some(({ type }) => type === 'reboot'));
    await libvirt.call('domainDestroyFlags', { dom, flags: 0 });
    await libvirt.call('domainUndefineFlags', { dom, flags: DomainUndefine.ManagedSave | DomainUndefine.Nvram });
    expect(await daemon.virsh('qemu', 'list', '--all', '--name')).toBe('');
  }, 30_000);
});
