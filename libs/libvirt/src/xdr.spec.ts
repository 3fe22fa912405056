import fc from 'fast-check';
import {
  array,
  bool,
  decode,
  double,
  encode,
  fixedArray,
  fixedOpaque,
  hyper,
  int,
  opaque,
  optional,
  string,
  struct,
  uhyper,
  uint,
  XdrError,
} from './xdr.js';
import type { Codec } from './xdr.js';

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
// Lone surrogates are no text: UTF-8 cannot hold them.
const text = fc.string({ unit: 'grapheme' });

/** Each codec with the values that it must carry unchanged. */
const cases: readonly (readonly [string, Codec<unknown>, fc.Arbitrary<unknown>])[] = [
  ['int', int, int32],
  ['uint', uint, uint32],
  ['hyper', hyper, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ['uhyper', uhyper, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  ['double', double, fc.double()],
  ['bool', bool, fc.boolean()],
  ['string', string, text],
  ['opaque', opaque, fc.uint8Array({ maxLength: 700 })],
  ['fixedOpaque', fixedOpaque(7), fc.uint8Array({ minLength: 7, maxLength: 7 })],
  ['optional', optional(string), fc.option(text)],
  ['array', array(string), fc.array(text)],
  ['fixedArray', fixedArray(3, int), fc.array(int32, { minLength: 3, maxLength: 3 })],
  [
    'struct',
    struct({ name: string, sizes: array(uhyper), inner: struct({ on: bool, note: optional(string) }) }),
    fc.record({
      name: text,
      sizes: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      inner: fc.record({ on: fc.boolean(), note: fc.option(text) }),
    }),
  ],
];

describe('XDR', () => {
  for (const [name, codec, values] of cases) {
    it(`brings back every ${name}, in whole words`, () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encode(codec, value);
          expect(bytes.length % 4).toBe(0);
          // Records of fast-check have no prototype, which is no part of the value.
          expect(decode(codec, bytes)).toEqual(value);
        }),
      );
    });

    it(`refuses a ${name} that is cut short`, () => {
      fc.assert(
        fc.property(values, fc.nat(), (value, cut) => {
          const bytes = encode(codec, value);
          expect(() => decode(codec, bytes.subarray(0, cut % bytes.length))).toThrow(XdrError);
        }),
      );
    });

    it(`refuses a ${name} with a word too many`, () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = Buffer.concat([encode(codec, value), Buffer.alloc(4)]);
          expect(() => decode(codec, bytes)).toThrow(XdrError);
        }),
      );
    });
  }

  it('writes what RFC 4506 shows', () => {
    expect(encode(int, -2).toString('hex')).toBe('fffffffe');
    expect(encode(uhyper, 1n).toString('hex')).toBe('0000000000000001');
    expect(encode(string, 'sillyprog').toString('hex')).toBe('0000000973696c6c7970726f67000000');
    expect(encode(optional(int), null).toString('hex')).toBe('00000000');
    expect(encode(optional(int), 5).toString('hex')).toBe('0000000100000005');
    expect(encode(array(int), [1, 2]).toString('hex')).toBe('000000020000000100000002');
  });

  it('does not believe a length that the bytes cannot hold', () => {
    const liar = encode(uint, 0xffff_ffff);
    for (const codec of [string, opaque, array(int)]) expect(() => decode<unknown>(codec, liar)).toThrow(XdrError);
  });

  it('refuses to write bytes or items of the wrong number', () => {
    expect(() => encode(fixedOpaque(16), new Uint8Array(15))).toThrow(XdrError);
    expect(() => encode(fixedArray(2, int), [1])).toThrow(XdrError);
  });
});
