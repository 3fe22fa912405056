import { addressOf, addressText, freeRanges, gatewayOf, isGuestAddress, netmaskOf, overlap, rangeOf } from './cidr.js';

describe('IPv4 ranges', () => {
  it('are read and written', () => {
    const range = rangeOf('192.168.4.0/22');
    expect([addressText(range.first), addressText(range.last)]).toEqual(['192.168.4.0', '192.168.7.255']);
    expect(netmaskOf(range)).toBe('255.255.252.0');
    expect(gatewayOf(range)).toBe('192.168.4.1');
    expect(rangeOf('0.0.0.0/0')).toEqual({ first: 0, last: 2 ** 32 - 1 });
  });

  for (const text of ['10.0.0.1/24', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.256/32', '10.0.0/24', '']) {
    it(`are not "${text}"`, () => expect(() => rangeOf(text)).toThrow(RangeError));
  }

  it('give guests all addresses but those of the network, the gateway and the broadcast', () => {
    const range = rangeOf('10.1.2.0/24');
    const given = ['10.1.2.0', '10.1.2.1', '10.1.2.2', '10.1.2.254', '10.1.2.255', '10.1.3.2'];
    expect(given.filter((ip) => isGuestAddress(range, ip))).toEqual(['10.1.2.2', '10.1.2.254']);
  });

  it('overlap or do not', () => {
    expect(overlap(rangeOf('10.0.0.0/8'), rangeOf('10.9.0.0/24'))).toBe(true);
    expect(overlap(rangeOf('10.0.0.0/24'), rangeOf('10.0.1.0/24'))).toBe(false);
  });

  it('are free where nothing uses them, beginning at a place of their own', () => {
    const used = [rangeOf('10.1.2.0/24'), { first: addressOf('10.1.3.128'), last: addressOf('10.1.3.128') }];
    const [first] = freeRanges(used, 0x0102);
    expect(first).toBe('10.1.4.0/24');
    expect([...freeRanges([rangeOf('10.0.0.0/8')], 5)]).toEqual([]);
    const [wrapped] = freeRanges([rangeOf('10.255.255.0/24')], 0xffff);
    expect(wrapped).toBe('10.0.0.0/24');
  });
});
