import { GENESIS } from '../chain.js';
import { ChainCheck } from '../proof/chain-check.js';
import type { Entry, Ledger } from '../proof/ledger.js';
import { ArchiveRefused } from './archive-refused.js';
import { entryIn } from './archived-line.js';
import type { ArchivedLog, Manifest } from './manifest.js';
import { linesIn } from './segment-file.js';
import { keysOf, openArchive, verifyArchived } from './verify-archive.js';

export type Import = Readonly<{
  folder: string;
  /** The logs to be filled, by name: all that the export has, each of them empty. */
  ledgers: Readonly<Record<string, Ledger>>;
  tell?(log: string, what: 'verified' | 'stored', position: number): void;
}>;

/**
 * Brings the logs of an export back: positions, hashes and ids are those of before. All of it is verified first, and once
 * more while it is stored; a single fault, and nothing is.
 * @throws ArchiveRefused, LogNotEmpty, EntriesRefused
 */
export const importLogs = async ({ folder, ledgers, tell }: Import): Promise<Manifest> => {
  const manifest = await openArchive(folder);
  if (manifest.tenant !== null) {
    throw new ArchiveRefused(`this is an export of ${manifest.tenant} alone: a log can only be brought back whole`);
  }
  const keys = keysOf(manifest);
  const plan = manifest.logs.map((log) => {
    const ledger = ledgers[log.name];
    if (!ledger) throw new ArchiveRefused(`there is no log ${log.name} here`);
    return { log, ledger };
  });
  for (const { log } of plan) {
    for await (const step of verifyArchived(folder, manifest, log, keys)) {
      if ('progress' in step) {
        tell?.(log.name, 'verified', step.progress.position);
        continue;
      }
      const [fault] = step.verified.faults;
      if (fault) throw new ArchiveRefused(`the log ${log.name} is damaged at ${fault.from}: ${fault.what}`);
    }
  }
  const restore = async ([first, ...rest]: typeof plan): Promise<void> => {
    if (!first) return;
    const { log, ledger } = first;
    const stored = (position: number) => tell?.(log.name, 'stored', position);
    // The last one commits first: whatever is refused, none is stored.
    await ledger.restore({ entries: entriesIn(folder, log, stored), checkpoints: log.checkpoints }, () =>
      restore(rest),
    );
  };
  await restore(plan);
  return manifest;
};

/** Every entry of a log, each following from the one before it; nothing else comes through. */
async function* entriesIn(folder: string, log: ArchivedLog, stored: (position: number) => void) {
  const head = { position: log.position, hash: log.lastHash ?? GENESIS, recordedAt: '' };
  const check = new ChainCheck({ position: 0, hash: GENESIS }, [], head);
  let recordedAt = '';
  const entryOf = (line: string): Entry => {
    const entry = entryIn(line);
    if (entry.recordedAt < recordedAt) throw new ArchiveRefused(`time goes back at ${entry.position}`);
    ({ recordedAt } = entry);
    return entry;
  };
  const refuse = ([fault]: ReturnType<typeof check.end>['faults']) => {
    if (fault) throw new ArchiveRefused(`the log ${log.name} is damaged at ${fault.from}: ${fault.what}`);
  };
  for (const segment of log.segments) {
    for await (const lines of linesIn(folder, segment)) {
      const entries = lines.map(entryOf);
      check.take(entries);
      if (check.faults > 0) refuse(check.end().faults);
      yield entries;
      stored(check.position);
    }
  }
  refuse(check.end().faults);
}
