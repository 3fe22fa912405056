/**
 * XDR (RFC 4506): big-endian, everything padded to four bytes. A codec is a pair of functions, and bigger codecs are
 * made of smaller ones, so that a wire layout is written once and its TypeScript type follows from it.
 */
export type Codec<T> = {
  encode(writer: XdrWriter, value: T): void;
  decode(reader: XdrReader): T;
};

export type ValueOf<C> = C extends Codec<infer T> ? T : never;

/** The bytes do not fit the layout, or the value does not fit the bytes. */
export class XdrError extends Error {
  override readonly name = 'XdrError';
}

const padding = (length: number): number => (4 - (length % 4)) % 4;

export class XdrWriter {
  #bytes = Buffer.alloc(256);
  #end = 0;

  /** Room for `length` bytes, padded with zeros; answers where to write. */
  #reserve(length: number): number {
    const start = this.#end;
    this.#end += length + padding(length);
    if (this.#end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#end, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    return start;
  }

  int32(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeInt32BE(value, at);
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeUInt32BE(value, at);
  }

  int64(value: bigint): void {
    const at = this.#reserve(8);
    this.#bytes.writeBigInt64BE(value, at);
  }

  uint64(value: bigint): void {
    const at = this.#reserve(8);
    this.#bytes.writeBigUInt64BE(value, at);
  }

  float64(value: number): void {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }
}

export class XdrReader {
  #at = 0;

  constructor(private readonly source: Buffer) {}

  get remaining(): number {
    return this.source.length - this.#at;
  }

  #take(length: number): number {
    if (length > this.remaining) throw new XdrError(`${length} bytes expected, ${this.remaining} left`);
    const at = this.#at;
    this.#at += length;
    return at;
  }

  int32(): number {
    return this.source.readInt32BE(this.#take(4));
  }

  uint32(): number {
    return this.source.readUInt32BE(this.#take(4));
  }

  int64(): bigint {
    return this.source.readBigInt64BE(this.#take(8));
  }

  uint64(): bigint {
    return this.source.readBigUInt64BE(this.#take(8));
  }

  float64(): number {
    return this.source.readDoubleBE(this.#take(8));
  }

  /** A view, not a copy: who keeps it must copy it, because it shares the memory of the whole packet. */
  bytes(length: number): Buffer {
    const at = this.#take(length + padding(length));
    return this.source.subarray(at, at + length);
  }

  /** The length of something counted, refused when the packet cannot possibly hold it: no allocation on a liar's word. */
  count(smallestItem: number): number {
    const count = this.uint32();
    if (count * smallestItem > this.remaining)
      throw new XdrError(`${count} items announced, ${this.remaining} bytes left`);
    return count;
  }
}

export const encode = <T>(codec: Codec<T>, value: T): Buffer => {
  const writer = new XdrWriter();
  codec.encode(writer, value);
  return writer.finish();
};

/** Decodes all of `bytes`. @throws XdrError when bytes are missing or left over, for then the layout is not what we believe. */
export const decode = <T>(codec: Codec<T>, bytes: Buffer): T => {
  const reader = new XdrReader(bytes);
  const value = codec.decode(reader);
  if (reader.remaining > 0) throw new XdrError(`${reader.remaining} bytes left over`);
  return value;
};

// ── Single values ───────────────────────────────────────────────

export const int: Codec<number> = {
  encode: (writer, value) => writer.int32(value),
  decode: (reader) => reader.int32(),
};
export const uint: Codec<number> = {
  encode: (writer, value) => writer.uint32(value),
  decode: (reader) => reader.uint32(),
};
export const hyper: Codec<bigint> = {
  encode: (writer, value) => writer.int64(value),
  decode: (reader) => reader.int64(),
};
export const uhyper: Codec<bigint> = {
  encode: (writer, value) => writer.uint64(value),
  decode: (reader) => reader.uint64(),
};
export const double: Codec<number> = {
  encode: (writer, value) => writer.float64(value),
  decode: (reader) => reader.float64(),
};

/** An int that is 0 or 1. Any other number is read as true, as C does. */
export const bool: Codec<boolean> = {
  encode: (writer, value) => writer.int32(value ? 1 : 0),
  decode: (reader) => reader.int32() !== 0,
};

/** Bytes of any length, counted. */
export const opaque: Codec<Uint8Array> = {
  encode(writer, value) {
    writer.uint32(value.length);
    writer.bytes(value);
  },
  decode: (reader) => Uint8Array.from(reader.bytes(reader.count(1))),
};

/** Exactly `length` bytes, not counted. */
export const fixedOpaque = (length: number): Codec<Uint8Array> => ({
  encode(writer, value) {
    if (value.length !== length) throw new XdrError(`${length} bytes expected, ${value.length} given`);
    writer.bytes(value);
  },
  decode: (reader) => Uint8Array.from(reader.bytes(length)),
});

/** UTF-8 text, counted in bytes. */
export const string: Codec<string> = {
  encode(writer, value) {
    const bytes = Buffer.from(value, 'utf8');
    writer.uint32(bytes.length);
    writer.bytes(bytes);
  },
  decode: (reader) => reader.bytes(reader.count(1)).toString('utf8'),
};

/** Nothing at all: no bytes. */
export const nothing: Codec<void> = { encode: () => undefined, decode: () => undefined };

// ── Composed values ─────────────────────────────────────────────

/** XDR's pointer: present or null. */
export const optional = <T>(inner: Codec<T>): Codec<T | null> => ({
  encode(writer, value) {
    writer.uint32(value === null ? 0 : 1);
    if (value !== null) inner.encode(writer, value);
  },
  decode: (reader) => (reader.uint32() === 0 ? null : inner.decode(reader)),
});

/** Any number of items, counted. Every item of our protocol takes four bytes or more. */
export const array = <T>(item: Codec<T>): Codec<readonly T[]> => ({
  encode(writer, values) {
    writer.uint32(values.length);
    for (const value of values) item.encode(writer, value);
  },
  decode: (reader) => Array.from({ length: reader.count(4) }, () => item.decode(reader)),
});

/** Exactly `length` items, not counted. */
export const fixedArray = <T>(length: number, item: Codec<T>): Codec<readonly T[]> => ({
  encode(writer, values) {
    if (values.length !== length) throw new XdrError(`${length} items expected, ${values.length} given`);
    for (const value of values) item.encode(writer, value);
  },
  decode: (reader) => Array.from({ length }, () => item.decode(reader)),
});

export type StructOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** Members in the order in which they are written here, which is the order of the wire. */
export const struct = <const F extends Record<string, Codec<unknown>>>(fields: F): Codec<StructOf<F>> => {
  const members = Object.entries(fields);
  return {
    encode(writer, value) {
      for (const [name, codec] of members) codec.encode(writer, value[name]);
    },
    decode(reader) {
      // Object.fromEntries forgets the names of its keys; they are the members of F and their codecs decoded the values.
      return Object.fromEntries(members.map(([name, codec]) => [name, codec.decode(reader)])) as StructOf<F>;
    },
  };
};

/** The same bytes under another TypeScript shape. */
export const mapped = <A, B>(inner: Codec<A>, from: (value: A) => B, to: (value: B) => A): Codec<B> => ({
  encode: (writer, value) => inner.encode(writer, to(value)),
  decode: (reader) => from(inner.decode(reader)),
});
