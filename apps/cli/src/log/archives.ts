import type * as EventStoreLibrary from '@strata/event-store';
import * as zlib from 'node:zlib';
import { Failure, exits } from '../ask/failure.js';

/** What reads and writes exports; taken when it is needed, because it brings the whole log along. */
export const archives = async (): Promise<typeof EventStoreLibrary> => {
  if (!('createZstdCompress' in zlib)) {
    throw new Failure(exits.failure, {
      title: `Node ${process.versions.node} cannot read or write exports`,
      help: 'Use `npx strata` in the checkout: it brings a Node of its own.',
    });
  }
  return import('@strata/event-store');
};

/** Refusals of an export are for people; everything else is an accident. */
export const refusing = async <T>(work: (log: Awaited<ReturnType<typeof archives>>) => Promise<T>): Promise<T> => {
  const log = await archives();
  try {
    return await work(log);
  } catch (error) {
    if (!(error instanceof log.ArchiveRefused) && !(error instanceof log.DamagedLog)) throw error;
    const help = error instanceof log.DamagedLog ? 'See `strata log verify`.' : 'Nothing was changed.';
    throw new Failure(exits.failure, { title: error.message, help }, { cause: error });
  }
};
