import { LANE } from '../draft.js';
import type { Origin, Recorded } from '../event.js';
import { parsed } from '../json.js';
import type { Entry, LoneEntry } from '../proof/ledger.js';

/** PostgreSQL counts from here, in microseconds. */
export const MILLENNIUM = Date.UTC(2000, 0, 1);

/** Of an array: dimensions, whether there are nulls, the type of its elements, how many they are, and their first index. */
const ARRAY_HEADER = 20;

const bigintAt = (bytes: Buffer, at: number): number => bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);

const uuidAt = (bytes: Buffer, at: number): string => {
  const hex = bytes.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** A row in the binary format of COPY, whose columns are read in their order. None of them is null. */
export abstract class BinaryRow {
  #bytes: Buffer = Buffer.alloc(0);
  /** The place of the next column's length. */
  #at = 0;

  protected begin(bytes: Buffer, at: number): void {
    this.#bytes = bytes;
    this.#at = at;
  }

  protected text(): string {
    const from = this.#at + 4;
    this.#at = from + this.#bytes.readInt32BE(this.#at);
    return this.#bytes.toString('utf8', from, this.#at);
  }

  /** No number here is beyond what JavaScript counts exactly. */
  protected bigint(): number {
    this.#at += 12;
    return bigintAt(this.#bytes, this.#at - 8);
  }

  protected int(): number {
    this.#at += 8;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  protected smallint(): number {
    this.#at += 6;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  protected uuid(): string {
    this.#at += 20;
    return uuidAt(this.#bytes, this.#at - 16);
  }

  /** An array's elements by their index, each of `width` bytes behind its length. Read them before the next row. */
  #elements<T>(width: number, read: (bytes: Buffer, at: number) => T): (index: number) => T {
    const first = this.#at + 4 + ARRAY_HEADER + 4;
    this.#at += 4 + this.#bytes.readInt32BE(this.#at);
    const bytes = this.#bytes;
    return (index) => read(bytes, first + index * (4 + width));
  }

  protected ints = () => this.#elements(4, (bytes, at) => bytes.readInt32BE(at));

  protected bigints = () => this.#elements(8, bigintAt);

  protected uuids = () => this.#elements(16, uuidAt);

  protected hex(): string {
    const from = this.#at + 4;
    this.#at = from + this.#bytes.readInt32BE(this.#at);
    return this.#bytes.toString('hex', from, this.#at);
  }
}

/**
 * Reads events out of binary rows with the columns {@link EVENT_COLUMNS}, one by one. Neighbours in a log mostly have
 * come at the same time and from the same command, and what they share is read once.
 */
export class BinaryEvents extends BinaryRow {
  #metaText = '';
  #meta: Origin | undefined;
  readonly #asked = new KeptTime();
  readonly #recorded = new KeptTime();

  /** Must be called with rows of one read, each once. */
  readonly read = (bytes: Buffer, start: number): Recorded => {
    this.begin(bytes, start);
    const position = this.bigint();
    const stream = this.text();
    const version = this.int();
    const type = this.text();
    const schemaVersion = this.smallint();
    const id = this.uuid();
    const at = this.#asked.textOf(this.bigint());
    const recordedAt = this.#recorded.textOf(this.bigint());
    const data = parsed<object>(this.text());
    const meta = this.#origin(this.text());
    return { id, stream, version, lane: LANE, position, at, recordedAt, type, schemaVersion, data, meta };
  };

  #origin(text: string): Origin {
    if (this.#meta && text === this.#metaText) return this.#meta;
    this.#metaText = text;
    return (this.#meta = parsed<Origin>(text));
  }
}

/** Reads events as they are stored, with the columns {@link ENTRY_COLUMNS}: not even what nobody reads is passed over. */
export class BinaryEntries extends BinaryRow {
  readonly #asked = new KeptTime();
  readonly #recorded = new KeptTime();

  readonly read = (bytes: Buffer, start: number): Entry => {
    this.begin(bytes, start);
    const place = { position: this.bigint(), stream: this.text(), version: this.int() };
    const what = { type: this.text(), schemaVersion: this.smallint(), id: this.uuid() };
    const at = this.#asked.exactTextOf(this.bigint());
    const recordedAt = this.#recorded.exactTextOf(this.bigint());
    const texts = { data: this.text(), meta: this.text(), tenant: this.text() };
    return { ...place, ...what, at, recordedAt, ...texts, command: this.uuid(), hash: this.hex() };
  };

  /** One more column: the hash of the event before. */
  readonly readLone = (bytes: Buffer, start: number): LoneEntry => ({ ...this.read(bytes, start), before: this.hex() });
}

/** Reads rows of texts. */
export class BinaryTexts extends BinaryRow {
  constructor(private readonly columns: number) {
    super();
  }

  readonly read = (bytes: Buffer, start: number): readonly string[] => {
    this.begin(bytes, start);
    return Array.from({ length: this.columns }, () => this.text());
  };
}

/** From microseconds since the millennium to RFC 3339; the last one is remembered. */
export class KeptTime {
  #micros = Number.NaN;
  #text = '';

  textOf(micros: number): string {
    if (micros !== this.#micros) {
      this.#micros = micros;
      this.#text = new Date(micros / 1000 + MILLENNIUM).toISOString();
    }
    return this.#text;
  }

  /** We write whole milliseconds. What is finer was written by somebody else, and is not passed over. */
  exactTextOf(micros: number): string {
    return micros % 1000 === 0 ? this.textOf(micros) : `${this.textOf(micros)} and ${micros} µs`;
  }
}
