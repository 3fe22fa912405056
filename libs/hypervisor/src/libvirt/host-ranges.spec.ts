import { rangeOf } from '../cidr.js';
import { networkRangesIn, routesFrom } from './host-ranges.js';

describe('what a host uses', () => {
  it('is read from its routes, except the one that leads everywhere', () => {
    const table = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'eth0\t0000000A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
      'br0\t00A8C0C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    ].join('\n');
    expect(routesFrom(table)).toEqual([rangeOf('10.0.0.0/16'), rangeOf('192.192.168.0/24')]);
  });

  it('is read from networks of libvirt, in both of its ways to say how large they are', () => {
    const document = `<network><ip address='192.168.122.1' netmask='255.255.255.0'/><ip address="10.3.0.1" prefix="16"></ip>
      <ip family='ipv6' address='fd00::1' prefix='64'/></network>`;
    expect(networkRangesIn(document)).toEqual([rangeOf('192.168.122.0/24'), rangeOf('10.3.0.0/16')]);
  });
});
