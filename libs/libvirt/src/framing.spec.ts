import fc from 'fast-check';
import { framed, MessageStatus, MessageType, PacketSplitter } from './framing.js';
import { encode, uint, XdrError } from './xdr.js';

const packet = (serial: number, body: Uint8Array): Buffer =>
  framed({ program: 1, procedure: 2, type: MessageType.Call, serial, status: MessageStatus.Ok }, Buffer.from(body));

/** What comes out when the stream is handed over in these pieces. */
const split = (pieces: readonly Buffer[]): (readonly [number, string])[] => {
  const splitter = new PacketSplitter();
  return pieces
    .flatMap((piece) => splitter.push(piece))
    .map(({ header, body }) => [header.serial, body.toString('hex')]);
};

describe('packets', () => {
  it('are whole wherever the stream is cut in two', () => {
    const stream = Buffer.concat([
      packet(1, Buffer.from('one ')),
      packet(2, Buffer.alloc(0)),
      packet(3, Buffer.alloc(8)),
    ]);
    const whole = split([stream]);
    expect(whole.map(([serial]) => serial)).toEqual([1, 2, 3]);
    for (let cut = 0; cut <= stream.length; cut++) {
      expect(split([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(whole);
    }
  });

  it('are whole however the stream is cut', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 90 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(60)), (sent, sizes) => {
        const stream = Buffer.concat(sent.map((body, serial) => packet(serial, body)));
        const pieces: Buffer[] = [];
        let rest = stream;
        for (const size of sizes) {
          pieces.push(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        expect(split([...pieces, rest])).toEqual(
          sent.map((body, serial) => [serial, Buffer.from(body).toString('hex')]),
        );
      }),
    );
  });

  for (const length of [0, 27, 40_000_000]) {
    it(`are never ${length} bytes long`, () => {
      expect(() => new PacketSplitter().push(encode(uint, length))).toThrow(XdrError);
    });
  }
});
