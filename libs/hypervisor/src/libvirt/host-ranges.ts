import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { Libvirt } from '@strata/libvirt';
import type { Range } from '../cidr.js';
import { addressOf } from '../cidr.js';
import { unlessGone } from './daemon.js';
import { elementsOf } from './xml.js';

/** Every IPv4 range that this host's kernel knows: its routes, and the addresses of its interfaces. */
export const kernelRanges = async (): Promise<readonly Range[]> => [
  ...routesFrom(await readFile('/proc/net/route', 'utf8')),
  ...interfaceRanges(),
];

/** What the kernel knows, and libvirt's networks. */
export const usedRanges = async (libvirt: Libvirt, exceptNetwork?: string): Promise<readonly Range[]> => [
  ...(await kernelRanges()),
  ...(await networkRanges(libvirt, exceptNetwork)),
];

/** The ranges of libvirt's networks, also of those that are switched off: they may come back at any moment. */
export const networkRanges = async (libvirt: Libvirt, exceptNetwork?: string): Promise<readonly Range[]> => {
  const others = (await libvirt.networks()).filter(({ name }) => name !== exceptNetwork);
  const documents = await Promise.all(
    others.map((net) => unlessGone(libvirt.call('networkGetXmlDesc', { net, flags: 0 }))),
  );
  return documents.flatMap((document) => networkRangesIn(document ?? ''));
};

/** libvirt writes ranges as an address and either a mask or a prefix length. */
export const networkRangesIn = (document: string): readonly Range[] =>
  elementsOf(document, 'ip').flatMap((ip) => {
    const address = ip.get('address') ?? '';
    if (ip.get('family') === 'ipv6' || address === '') return [];
    const prefix = ip.get('prefix');
    const size = prefix === undefined ? sizeOf(ip.get('netmask') ?? '255.255.255.255') : 2 ** (32 - Number(prefix));
    return [around(addressOf(address), size)];
  });

/** /proc/net/route writes addresses in hexadecimal, the last byte first. The default route is the whole world: not a use. */
export const routesFrom = (table: string): readonly Range[] =>
  table
    .trim()
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, destination = '', , , , , , mask = ''] = line.split('\t');
      const size = 2 ** 32 - littleEndian(mask);
      return size === 2 ** 32 ? [] : [around(littleEndian(destination), size)];
    });

const littleEndian = (text: string): number => Buffer.from(text.trim(), 'hex').readUInt32LE(0);

const interfaceRanges = (): readonly Range[] =>
  Object.values(networkInterfaces())
    .flat()
    .flatMap((address) => (address?.family === 'IPv4' && address.cidr ? [rangeAround(address.cidr)] : []));

const rangeAround = (cidr: string): Range => {
  const [address = '', length = '32'] = cidr.split('/');
  return around(addressOf(address), 2 ** (32 - Number(length)));
};

const sizeOf = (netmask: string): number => 2 ** 32 - addressOf(netmask);

const around = (address: number, size: number): Range => {
  const first = address - (address % size);
  return { first, last: first + size - 1 };
};
