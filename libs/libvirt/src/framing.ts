import { decode, encode, int, struct, uint, XdrError } from './xdr.js';
import type { ValueOf } from './xdr.js';

/** virnetprotocol.x: what a packet is. Streams and file descriptors are not spoken here. */
export const MessageType = { Call: 0, Reply: 1, Event: 2 } as const;
export const MessageStatus = { Ok: 0, Error: 1 } as const;

const header = struct({ program: uint, version: uint, procedure: int, type: int, serial: uint, status: int });
export type Header = ValueOf<typeof header>;

const LENGTH_BYTES = 4;
const HEADER_BYTES = 24;

/** libvirt's own limit for one packet (VIR_NET_MESSAGE_MAX), its length word excluded. */
const MOST_BYTES = 33_554_432;

export type Packet = { readonly header: Header; readonly body: Buffer };

/** A packet as the wire has it: its whole length, its header, its body. Every program that we speak has version 1. */
export const framed = (about: Omit<Header, 'version'>, body: Buffer): Buffer => {
  const length = LENGTH_BYTES + HEADER_BYTES + body.length;
  return Buffer.concat([encode(uint, length), encode(header, { ...about, version: 1 }), body]);
};

/** Makes packets of a byte stream that is cut wherever the kernel likes. */
export class PacketSplitter {
  #chunks: Buffer[] = [];
  #held = 0;
  /** Bytes until the packet at the front is whole; until its length word is whole, while that is unknown. */
  #wanted = LENGTH_BYTES;

  /** @throws XdrError when the stream cannot be libvirt's: a length that no packet has. */
  push(chunk: Buffer): readonly Packet[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    // A large packet arrives in many chunks: they are joined once, when it is whole.
    if (this.#held < this.#wanted) return [];

    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const packets: Packet[] = [];
    for (;;) {
      this.#wanted = bytes.length < LENGTH_BYTES ? LENGTH_BYTES : lengthOf(bytes);
      if (bytes.length < this.#wanted) break;
      packets.push({
        header: decode(header, bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + HEADER_BYTES)),
        body: bytes.subarray(LENGTH_BYTES + HEADER_BYTES, this.#wanted),
      });
      bytes = bytes.subarray(this.#wanted);
    }
    this.#chunks = [bytes];
    this.#held = bytes.length;
    return packets;
  }
}

const lengthOf = (bytes: Buffer): number => {
  const length = bytes.readUInt32BE(0);
  if (length < LENGTH_BYTES + HEADER_BYTES || length > LENGTH_BYTES + MOST_BYTES) {
    throw new XdrError(`no packet is ${length} bytes long`);
  }
  return length;
};
