import { acuris } from './acuris.js';
import { castore } from './castore.js';
import type { Contender } from './contender.js';
import { emmettKysely } from './emmett-kysely.js';
import { emmett } from './emmett.js';
import { evtstore } from './evtstore.js';
import { lines } from './lines.js';
import { messageDb } from './message-db.js';
import { ours } from './ours.js';
import { plain } from './plain.js';
import { schemeless } from './schemeless.js';

/** Those on npm that store events with an expected version in PostgreSQL, and run on a plain machine. */
export const peers: Readonly<Record<string, Contender>> = {
  castore,
  'message-db': messageDb,
  emmett,
  schemeless,
  evtstore,
  acuris,
  'emmett-kysely': emmettKysely,
};

export const OURS = 'ours';
/** What the database itself can do, with the least that makes an event log of it. */
export const PLAIN = 'PostgreSQL';
/** What reading cannot be faster than, on one core. */
export const LIMIT = 'JSON.parse';

export const contenders: Readonly<Record<string, Contender>> = {
  [OURS]: ours,
  [PLAIN]: plain,
  [LIMIT]: lines,
  ...peers,
};
