import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeDaemon } from '@strata/testing/libvirt';
import { LibvirtHypervisor } from './libvirt-hypervisor.js';
import { userNetwork, userNetworkIn } from './user-network.js';

describe('the networks of a session', () => {
  let daemon: FakeDaemon;
  let home: string;
  let hypervisor: LibvirtHypervisor;

  const open = () => {
    const reach = { socketPath: daemon.socketPath };
    return LibvirtHypervisor.open({ home, daemon: { kind: 'session', reach, logs: join(home, 'logs') } });
  };

  beforeEach(async () => {
    daemon = await FakeDaemon.start({
      connectGetCapabilities: () => `<capabilities><guest><arch name='x86_64'/></guest></capabilities>`,
    });
    // A folder that is closed to others is no obstacle: QEMU runs as its user.
    home = mkdtempSync(join(tmpdir(), 'strata-session-'));
    hypervisor = await open();
  });

  afterEach(async () => {
    await hypervisor.close();
    await daemon.stop();
    rmSync(home, { recursive: true });
  });

  const leaseOf = (cidr: string, last: number) => ({
    networkId: 'net_1',
    mac: `52:54:00:00:00:${last}`,
    ip: cidr.replace('0/24', String(last)),
    name: `web-${last}`,
  });

  it('are found again, with every lease of many that were asked for at once', async () => {
    const cidr = await hypervisor.networks.freeRange();
    await hypervisor.networks.ensure({ networkId: 'net_1', name: 'one', type: 'nat', cidr });
    const leases = [10, 11, 12, 13].map((last) => leaseOf(cidr, last));
    await Promise.all(leases.map((lease) => hypervisor.networks.reserve(lease)));
    await hypervisor.close();
    hypervisor = await open();
    expect(await hypervisor.networks.leases('net_1')).toEqual(leases);
    expect(hypervisor.startedDaemon).toBe(false);
  });

  it('go on after a refusal', async () => {
    const cidr = await hypervisor.networks.freeRange();
    const refusal = hypervisor.networks.reserve(leaseOf(cidr, 10));
    const network = hypervisor.networks.ensure({ networkId: 'net_1', name: 'one', type: 'nat', cidr });
    await expect(refusal).rejects.toThrow('there is no network net_1');
    await network;
    expect(await hypervisor.networks.list()).toEqual(['net_1']);
  });

  it('take no range that this host uses', async () => {
    const loopback = { networkId: 'net_1', name: 'one', type: 'nat', cidr: '127.0.0.0/24' } as const;
    await expect(hypervisor.networks.ensure(loopback)).rejects.toThrow('uses 127.0.0.0/24');
  });

  it('never ask libvirt for networks, of which a session has none', async () => {
    await hypervisor.networks.list();
    await hypervisor.networks.remove('net_1');
    expect(daemon.called.filter((name) => name.toLowerCase().includes('network'))).toEqual([]);
  });
});

describe("QEMU's own network for one guest", () => {
  const lease = { networkId: 'net_1', mac: '52:54:00:00:00:0a', ip: '10.1.2.10', name: 'web' };

  it('begins to hand out addresses at the leased one, and is known by its name', () => {
    const [, network, , card] = userNetwork('strata-net_1', '10.1.2.0/24', lease);
    expect(network).toBe(
      'user,id=strata-net_1,ipv6=off,net=10.1.2.0/24,host=10.1.2.1,dns=10.1.2.254,dhcpstart=10.1.2.10',
    );
    expect(card).toContain('netdev=strata-net_1,mac=52:54:00:00:00:0a,');
    expect(userNetworkIn(userNetwork('strata-net_1', '10.1.2.0/24', lease))).toBe('strata-net_1');
  });

  it('answers names at another address where the last one is the guest', () => {
    const [, network] = userNetwork('strata-net_1', '10.1.2.0/24', { ...lease, ip: '10.1.2.254' });
    expect(network).toContain('dns=10.1.2.253,dhcpstart=10.1.2.254');
  });

  for (const mac of ['52:54:00:00:00', '52:54:00:00:00:0a,netdev=other', '']) {
    it(`refuses ${JSON.stringify(mac)} as a MAC address`, () => {
      expect(() => userNetwork('strata-net_1', '10.1.2.0/24', { ...lease, mac })).toThrow('is no MAC address');
    });
  }

  it('refuses as an address what is none', () => {
    const ip = '10.1.2.10,hostfwd=tcp::22-:22';
    expect(() => userNetwork('strata-net_1', '10.1.2.0/24', { ...lease, ip })).toThrow('is no IPv4 address');
  });
});
