import { GENESIS } from '../chain.js';
import { ChainCheck } from '../proof/chain-check.js';
import { Faults } from '../proof/fault.js';
import type { Found } from '../proof/fault.js';
import { PublicKeys } from '../proof/signing-key.js';
import { checked, joined } from '../proof/verify.js';
import type { Verification } from '../proof/verify.js';
import { ArchiveRefused } from './archive-refused.js';
import { entryIn, loneEntryIn } from './archived-line.js';
import { isWellAlone } from './export-logs.js';
import type { ArchivedLog, Manifest, Segment } from './manifest.js';
import { readManifest } from './manifest.js';
import { linesIn } from './segment-file.js';

/** An export that is there to be read. @throws ArchiveRefused */
export const openArchive = async (folder: string): Promise<Manifest> => {
  const manifest = await readManifest(folder);
  if (!manifest) throw new ArchiveRefused(`there is no export in ${folder}`);
  return manifest;
};

/**
 * The keys of an export, as far as they are what they are called.
 * @throws ArchiveRefused
 */
export const keysOf = ({ keys }: Manifest): PublicKeys => {
  try {
    const known = new PublicKeys(keys.map(({ publicKey }) => publicKey));
    if (keys.every(({ id }) => known.has(id))) return known;
  } catch (error) {
    throw new ArchiveRefused('a public key in manifest.json is none', { cause: error });
  }
  throw new ArchiveRefused('a public key in manifest.json is not called after itself');
};

/** Verifies one log of an export from its files, and goes on after a fault as `verify` does. */
export async function* verifyArchived(
  folder: string,
  { tenant }: Manifest,
  log: ArchivedLog,
  keys: PublicKeys,
): AsyncGenerator<Verification> {
  const began = performance.now();
  const { name } = log;
  const { good, faults, last } = checked(name, log.checkpoints, keys);
  const reading = tenant === null ? new WholeLog(good, log) : new TenantsLog(tenant);
  for (const segment of log.segments) {
    try {
      for await (const lines of linesIn(folder, segment)) {
        reading.take(lines, segment);
        const { events, position } = reading;
        yield { progress: { log: name, events, position, head: log.position, faults: faults.count + reading.faults } };
      }
    } catch (error) {
      if (!(error instanceof ArchiveRefused)) throw error;
      faults.add('file', segment.first, segment.last, error.message);
    }
  }
  const found = joined(faults.found(), reading.end());
  const seconds = (performance.now() - began) / 1_000;
  const { events, position, hash } = reading;
  const eventsPerSecond = Math.round(events / Math.max(seconds, 1e-6));
  const checkpoints = tenant === null ? good.length : 0;
  const verified = { log: name, events, position, hash, checkpoints, lastCheckpoint: last };
  yield { verified: { ...verified, ...found, seconds, eventsPerSecond } };
}

class WholeLog {
  readonly #check: ChainCheck;
  hash = GENESIS;

  constructor(checkpoints: ReturnType<typeof checked>['good'], { position, lastHash }: ArchivedLog) {
    // The manifest speaks for the end, as the lane does in a database.
    const head = { position, hash: lastHash ?? GENESIS, recordedAt: '' };
    this.#check = new ChainCheck({ position: 0, hash: GENESIS }, checkpoints, head);
  }

  get events() {
    return this.#check.events;
  }

  get position() {
    return this.#check.position;
  }

  get faults() {
    return this.#check.faults;
  }

  take(lines: readonly string[], { first, last }: Segment): void {
    for (const line of lines) {
      const entry = entryIn(line);
      if (entry.position < first || entry.position > last) throw misplaced(entry.position);
      this.#check.take([entry]);
      this.hash = entry.hash;
    }
  }

  end(): Found {
    return this.#check.end();
  }
}

/** What lies between a tenant's events is not here: each of them is verified for itself. */
class TenantsLog {
  readonly #faults = new Faults();
  events = 0;
  position = 0;
  hash = GENESIS;

  constructor(private readonly tenant: string) {}

  get faults() {
    return this.#faults.count;
  }

  take(lines: readonly string[], { first, last }: Segment): void {
    for (const line of lines) {
      const entry = loneEntryIn(line);
      const { position, hash } = entry;
      if (position < first || position > last || position <= this.position) throw misplaced(position);
      if (!isWellAlone(entry))
        this.#faults.add('changed', position, position, 'the event is not what was stored', entry);
      if (entry.tenant !== this.tenant) this.#faults.add('tenant', position, position, 'the event is another’s', entry);
      this.events++;
      this.position = position;
      this.hash = hash;
    }
  }

  end(): Found {
    return this.#faults.found();
  }
}

const misplaced = (position: number) => new ArchiveRefused(`the event at ${position} is not where its file says`);
