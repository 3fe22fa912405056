import { createHash } from 'node:crypto';
import { constants as files } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { pipeline } from 'node:stream';
import { constants as zstd, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { ZstdCompress } from 'node:zlib';
import { ArchiveRefused } from './archive-refused.js';
import type { Segment } from './manifest.js';

/** A reader needs so much memory to unpack, whatever the file asks for: 8 MiB. */
const WINDOW = 23;
const LONGEST_LINE = 16 * 1024 * 1024;
const PAGE = 1_000;

export type Written = Readonly<Pick<Segment, 'bytes' | 'size' | 'sha256'>>;

/** Lines on their way into a file, packed. It gets its name when it is whole. */
export class SegmentFile {
  readonly #hash = createHash('sha256');
  readonly #zip: ZstdCompress;
  readonly #ended: Promise<void>;
  #bytes = 0;
  #size = 0;

  static async create(folder: string, log: string): Promise<SegmentFile> {
    await mkdir(join(folder, log), { recursive: true, mode: 0o700 });
    const path = join(folder, log, 'next.part');
    return new SegmentFile(folder, path, await open(path, 'w', 0o600));
  }

  private constructor(
    private readonly folder: string,
    private readonly path: string,
    private readonly file: FileHandle,
  ) {
    const params = {
      [zstd.ZSTD_c_compressionLevel]: 3,
      [zstd.ZSTD_c_checksumFlag]: 1,
      [zstd.ZSTD_c_windowLog]: WINDOW,
    };
    this.#zip = createZstdCompress({ params });
    this.#ended = this.#keep();
    // Its failure is told to whoever writes next, or at the end.
    this.#ended.catch(() => undefined);
    this.#zip.on('error', () => undefined);
  }

  async write(lines: readonly string[]): Promise<void> {
    const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    this.#size += text.length;
    if (!this.#zip.write(text)) await Promise.race([once(this.#zip, 'drain'), this.#ended]);
  }

  async close(name: string): Promise<Written> {
    this.#zip.end();
    await this.#ended;
    await this.file.sync();
    await this.file.close();
    await rename(this.path, join(this.folder, name));
    return { bytes: this.#bytes, size: this.#size, sha256: this.#hash.digest('hex') };
  }

  /** What was written so far is not wanted. */
  async abandon(): Promise<void> {
    this.#zip.destroy();
    await this.#ended.catch(() => undefined);
    await this.file.close();
    await rm(this.path);
  }

  async #keep(): Promise<void> {
    for await (const chunk of this.#zip) {
      const bytes = chunk as Buffer; // A stream that nobody has told to speak of anything else.
      this.#hash.update(bytes);
      this.#bytes += bytes.length;
      await this.file.appendFile(bytes);
    }
  }
}

/**
 * The lines of a file, page by page, never more at a time than one page. That it is what the manifest says is known at its
 * end; until then nothing of it may be believed.
 * @throws ArchiveRefused
 */
export async function* linesIn(folder: string, segment: Segment): AsyncGenerator<readonly string[]> {
  const { file: name, bytes, size, sha256, events } = segment;
  const file = await openPlain(join(folder, name), name, bytes);
  const hash = createHash('sha256');
  const source = file.createReadStream();
  const unzip = createZstdDecompress({ params: { [zstd.ZSTD_d_windowLogMax]: WINDOW } });
  source.on('data', (chunk) => hash.update(chunk));
  // What goes wrong on the way is told by `unzip`, which ends with the same error.
  pipeline(source, unzip, () => undefined);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let [seen, count] = [0, 0];
  let rest: Buffer = Buffer.alloc(0);
  let page: string[] = [];
  let failure: Error | undefined;
  try {
    for await (const chunk of unzip) {
      const piece = chunk as Buffer; // as above
      seen += piece.length;
      if (seen > size) throw new ArchiveRefused(`${name} holds more than its manifest says`);
      rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let from = 0;
      for (let end = rest.indexOf(10, from); end >= 0; end = rest.indexOf(10, from)) {
        page.push(decoder.decode(rest.subarray(from, end)));
        from = end + 1;
        if (++count > events) throw new ArchiveRefused(`${name} holds more than its manifest says`);
        if (page.length < PAGE) continue;
        yield page;
        page = [];
      }
      rest = rest.subarray(from);
      if (rest.length > LONGEST_LINE) throw new ArchiveRefused(`${name} has a line that is too long`);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const why = `${name} cannot be unpacked: ${error.message}`;
    failure = error instanceof ArchiveRefused ? error : new ArchiveRefused(why, { cause: error });
  } finally {
    source.destroy();
    unzip.destroy();
    await file.close().catch(() => undefined);
  }
  // Who looks for faults wants to see what there is.
  if (page.length > 0) yield page;
  if (failure) throw failure;
  if (rest.length > 0) throw new ArchiveRefused(`${name} ends within a line`);
  if (unzip.bytesWritten !== bytes) throw new ArchiveRefused(`${name} has something behind its end`);
  if (hash.digest('hex') !== sha256) throw new ArchiveRefused(`${name} has another SHA-256 than its manifest says`);
  if (seen !== size || count !== events) throw new ArchiveRefused(`${name} holds less than its manifest says`);
}

/** A file of its own and of the right length: what is a link, or a pipe, is not opened. */
const openPlain = async (path: string, name: string, bytes: number): Promise<FileHandle> => {
  try {
    const folder = await open(dirname(path), files.O_RDONLY | files.O_NOFOLLOW | files.O_DIRECTORY);
    await folder.close();
    const file = await open(path, files.O_RDONLY | files.O_NOFOLLOW | files.O_NONBLOCK);
    const stat = await file.stat();
    if (stat.isFile() && stat.size === bytes) return file;
    await file.close();
    throw new ArchiveRefused(`${name} is not ${bytes} bytes long`);
  } catch (error) {
    if (error instanceof ArchiveRefused) throw error;
    throw new ArchiveRefused(`${name} cannot be opened`, { cause: error });
  }
};
