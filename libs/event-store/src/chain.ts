import { hash } from 'node:crypto';

/** What the first event is chained to. */
export const GENESIS = '0'.repeat(64);

/** All of an event that is proven. `data` and `meta` are JSON texts, exactly as they are stored. */
export type Line = Readonly<{
  position: number;
  stream: string;
  version: number;
  type: string;
  schemaVersion: number;
  id: string;
  at: string;
  recordedAt: string;
  meta: string;
  data: string;
}>;

/**
 * An event as one line of JSON, its properties always in this order: what is hashed, exported and verified. Whoever has
 * the line needs nothing of ours to check it.
 */
export const lineOf = (it: Line): string =>
  `{"position":${it.position},"stream":${JSON.stringify(it.stream)},"version":${it.version},` +
  `"type":${JSON.stringify(it.type)},"schemaVersion":${it.schemaVersion},"id":"${it.id}","at":"${it.at}",` +
  `"recordedAt":"${it.recordedAt}","meta":${it.meta},"data":${it.data}}`;

/** SHA-256, in hex, over the hash before, a line's end, and the line: no event can be changed, moved or left out unseen. */
export const chained = (before: string, line: string): string => hash('sha256', `${before}\n${line}`, 'hex');
