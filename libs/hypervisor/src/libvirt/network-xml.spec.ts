import type { NetworkSpec } from '../hypervisor.js';
import { expectGolden } from './golden.fixtures.js';
import { Home } from './home.js';
import { networkRangesIn } from './host-ranges.js';
import { networkXml } from './network-xml.js';

const home = new Home('/srv/strata-golden');
const shop: NetworkSpec = { networkId: 'net_shop', name: 'shop', type: 'nat', cidr: '10.1.2.0/24' };

describe('the definition of a network', () => {
  it('is this document', () => expectGolden('network-nat.xml', networkXml(home, shop)));

  it('gives the first address to the gateway, the last one to nobody and the rest to guests', () => {
    const document = networkXml(home, { ...shop, cidr: '10.1.0.0/22' });
    expect(document).toContain(`<ip address='10.1.0.1' netmask='255.255.252.0'>`);
    expect(document).toContain(`<range start='10.1.0.2' end='10.1.3.254'/>`);
    expect(networkRangesIn(document)).toEqual([{ first: 0x0a01_0000, last: 0x0a01_03ff }]);
  });

  it('refuses what is no range', () => {
    expect(() => networkXml(home, { ...shop, cidr: '10.1.2.3/24' })).toThrow('is no IPv4 range');
  });

  it('names everything after its home, and nothing after another', () => {
    const other = new Home('/srv/strata-other');
    expect(home.bridgeOf('net_shop')).toMatch(/^s[0-9a-f]{14}$/);
    expect(home.bridgeOf('net_shop')).not.toBe(other.bridgeOf('net_shop'));
    expect(home.uuidOf('net_shop')).not.toBe(other.uuidOf('net_shop'));
    expect(home.idOf(home.nameOf('net_shop'))).toBe('net_shop');
    expect(other.idOf(home.nameOf('net_shop'))).toBeUndefined();
  });
});
