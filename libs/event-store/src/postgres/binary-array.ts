import { MILLENNIUM } from './binary-row.js';

/**
 * Arrays in PostgreSQL's binary format. Written as text, each element would be escaped here and parsed there, which costs
 * more than all else that an append does.
 */

const HEADER = 20;
const OID = { text: 25, int4: 23, timestamptz: 1184, bytea: 17 } as const;

const withHeader = (length: number, oid: number, bytes: number): Buffer => {
  const array = Buffer.allocUnsafe(HEADER + bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(oid, 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
};

/** For `$1::text[]`, and what is cast from its elements. */
export const texts = (values: readonly string[]): Buffer => {
  let bytes = 0;
  for (const value of values) bytes += 4 + Buffer.byteLength(value);
  const array = withHeader(values.length, OID.text, bytes);
  let at = HEADER;
  for (const value of values) {
    const length = array.write(value, at + 4);
    array.writeInt32BE(length, at);
    at += 4 + length;
  }
  return array;
};

/** For `$1::int[]`. */
export const ints = (values: readonly number[]): Buffer => {
  const array = withHeader(values.length, OID.int4, 8 * values.length);
  let at = HEADER;
  for (const value of values) {
    array.writeInt32BE(4, at);
    array.writeInt32BE(value, at + 4);
    at += 8;
  }
  return array;
};

/** For `$1::timestamptz[]`: RFC 3339 texts. */
export const times = (values: readonly string[]): Buffer => {
  const array = withHeader(values.length, OID.timestamptz, 12 * values.length);
  let at = HEADER;
  for (const value of values) {
    const micros = (Date.parse(value) - MILLENNIUM) * 1000;
    array.writeInt32BE(8, at);
    array.writeInt32BE(Math.floor(micros / 2 ** 32), at + 4);
    array.writeUInt32BE(((micros % 2 ** 32) + 2 ** 32) % 2 ** 32, at + 8);
    at += 12;
  }
  return array;
};

/** For `$1::bytea[]`: texts in hex, all of one length. */
export const hexes = (values: readonly string[]): Buffer => {
  const each = (values[0]?.length ?? 0) / 2;
  const array = withHeader(values.length, OID.bytea, (4 + each) * values.length);
  let at = HEADER;
  for (const value of values) {
    array.writeInt32BE(each, at);
    array.write(value, at + 4, 'hex');
    at += 4 + each;
  }
  return array;
};
