import type { EventFilter, Recorded } from './event.js';
import { isAbout } from './stream-name.js';

/** Whether a filter lets an event through. A database says the same in SQL. */
export const passes = ({ stream, types, tenantId, owner, nouns, until }: EventFilter): ((it: Recorded) => boolean) => {
  const abouts = nouns?.map(isAbout);
  return (event) =>
    (until === undefined || event.position <= until) &&
    (stream === undefined || event.stream === stream) &&
    (types === undefined || types.includes(event.type)) &&
    (tenantId === undefined || event.meta.tenantId === tenantId) &&
    (owner === undefined || event.stream.startsWith(`${owner}/`)) &&
    (abouts === undefined || abouts.some((about) => about(event)));
};
