import { addressText, gatewayOf, isGuestAddress, rangeOf } from '../cidr.js';
import type { Lease } from '../hypervisor.js';
import { refused } from '../refusal.js';

/**
 * QEMU's own network (`-netdev user`, of libslirp) for one guest: a router and a DHCP server inside the process of QEMU.
 *
 * It begins to hand out addresses at the one that was leased, and there is nobody else to take it. libvirt 9.0 has no words
 * for that, only for the range, so the whole card is in QEMU's. It stands where libvirt, which begins at the other
 * end, puts no card of its own: on the root bus, in slot 16.
 */
export const userNetwork = (id: string, cidr: string, { mac, ip }: Lease): readonly string[] => {
  // The text is made of commas and equal signs, so that nothing but an address may enter it.
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) throw refused(`${JSON.stringify(mac)} is no MAC address`);
  const range = rangeOf(cidr);
  if (!isGuestAddress(range, ip)) throw refused(`${ip} is no address of ${cidr}`);
  const names = [range.last - 1, range.last - 2].map(addressText).find((address) => address !== ip);
  return [
    '-netdev',
    `user,id=${id},ipv6=off,net=${cidr},host=${gatewayOf(range)},dns=${names},dhcpstart=${ip}`,
    '-device',
    `virtio-net-pci,netdev=${id},mac=${mac},bus=pcie.0,addr=0x10,romfile=`,
  ];
};

/** The id of the network that a definition names; undefined when it names none. */
export const userNetworkIn = (qemuArguments: readonly string[]): string | undefined =>
  qemuArguments.map((word) => /^user,id=([^,]+),/.exec(word)?.[1]).find((id) => id !== undefined);
