import { releaseMessage } from './dhcp-release.js';

describe('a DHCP release', () => {
  it('says who gives which address back to whom', () => {
    const message = releaseMessage('52:54:00:aa:bb:cc', '10.1.2.10', '10.1.2.1');
    expect(message.subarray(0, 4).toString('hex')).toBe('01010600');
    expect([...message.subarray(12, 16)]).toEqual([10, 1, 2, 10]);
    expect(message.subarray(28, 44).toString('hex')).toBe('525400aabbcc00000000000000000000');
    expect(message.subarray(236, 250).toString('hex')).toBe('638253633501073604' + '0a010201' + 'ff');
  });
});
