import { acuris } from '../peers/acuris.js';
import { castore } from '../peers/castore.js';
import type { Contender } from './contender.js';
import { emmettKysely } from '../peers/emmett-kysely.js';
import { emmett } from '../peers/emmett.js';
import { evtstore } from '../peers/evtstore.js';
import { lines } from './lines.js';
import { messageDb } from '../peers/message-db.js';
import { ours } from './ours.js';
import { plain } from './plain.js';
import { schemeless } from '../peers/schemeless.js';

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
