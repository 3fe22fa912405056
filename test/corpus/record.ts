import { MemoryEventLog } from '@strata/event-store';
import { NEXT, keepFolds, keepLog, keepShapes, logOf, nameOf, releases, shapesOf } from './corpus.js';
import { foldsOf } from './folding.js';
import { normalised } from './normal.js';
import type { Line } from './normal.js';
import { services } from './services.js';
import type { Service } from './services.js';
import { broken } from './shape-law.js';

/*
 * `npm run corpus`: tells the stories and keeps the streams in which something is stored that no release has stored. The
 * logs of releases are never written, and a shape that a release has stored can grow no other: that takes a new version.
 */

const told = async ({ tell, history }: Service): Promise<readonly Line[]> => {
  const log = new MemoryEventLog(undefined, history);
  await tell(log);
  return normalised(await log.read(0, await log.head()));
};

/** The streams that have something in them of which the released logs know nothing. */
const news = (released: readonly Line[], now: readonly Line[]): readonly Line[] => {
  const [known, both] = [shapesOf(released), shapesOf([...released, ...now])];
  const isNew = (line: Line) => JSON.stringify(known[nameOf(line)]) !== JSON.stringify(both[nameOf(line)]);
  const streams = new Set(now.filter(isNew).map(({ stream }) => stream));
  return now.filter(({ stream }) => streams.has(stream));
};

const record = async (service: Service): Promise<boolean> => {
  const { name } = service;
  const now = await told(service);
  const released = releases().flatMap((it) => (it === NEXT ? [] : logOf(it, name)));
  const complaints = broken(shapesOf(released), shapesOf(now));
  for (const complaint of complaints) console.error(`${name}: ${complaint}`);
  if (complaints.length > 0) return false;

  const next = news(released, now);
  // What is told in another order, or with other numbers, is no news and no reason to write it anew.
  const isKept = JSON.stringify(shapesOf(next)) === JSON.stringify(shapesOf(logOf(NEXT, name)));
  if (!isKept) keepLog(NEXT, name, next);
  for (const it of releases()) keepFolds(it, name, foldsOf(service, logOf(it, name)));
  keepShapes(name, shapesOf(releases().flatMap((it) => logOf(it, name))));
  console.log(`${name}: ${isKept ? 'no shape is new' : `kept ${next.length} events`}`);
  return true;
};

const outcomes: boolean[] = [];
for (const service of services) outcomes.push(await record(service));
process.exit(outcomes.every(Boolean) ? 0 : 1);
