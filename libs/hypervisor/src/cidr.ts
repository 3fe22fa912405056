/** IPv4 arithmetic on CIDR ranges: an address is a number of 32 bits, a range its first and last address. */
export type Range = Readonly<{ first: number; last: number }>;

const pattern = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Throws a `RangeError` when `text` is no dotted IPv4 address. */
export const addressOf = (text: string): number => {
  const bytes = pattern.exec(text)?.slice(1).map(Number) ?? [];
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) throw new RangeError(`${text} is no IPv4 address`);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
};

export const addressText = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

/** Throws a `RangeError` when `cidr` is no IPv4 range, or one with bits set behind its prefix. */
export const rangeOf = (cidr: string): Range => {
  const [base = '', length = ''] = cidr.split('/');
  const first = addressOf(base);
  const size = 2 ** (32 - Number(length));
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32 || first % size !== 0) {
    throw new RangeError(`${cidr} is no IPv4 range`);
  }
  return { first, last: first + size - 1 };
};

export const netmaskOf = (range: Range): string => addressText(2 ** 32 - (range.last - range.first + 1));

export const overlap = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;

/** The address of the gateway: the first one of the range that a host may have. */
export const gatewayOf = (range: Range): string => addressText(range.first + 1);

/** Whether a guest may have this address: inside the range, and neither its network, gateway nor broadcast address. */
export const isGuestAddress = (range: Range, ip: string): boolean => {
  const address = addressOf(ip);
  return address > range.first + 1 && address < range.last;
};

/** Ranges of prefix length 24 inside 10.0.0.0/8, beginning at a place of `seed`'s choosing, that overlap none of `used`. */
export function* freeRanges(used: readonly Range[], seed: number): Generator<string> {
  const count = 2 ** 16;
  for (let step = 0; step < count; step += 1) {
    const first = addressOf('10.0.0.0') + ((seed + step) % count) * 256;
    if (!used.some((range) => overlap(range, { first, last: first + 255 }))) yield `${addressText(first)}/24`;
  }
}
