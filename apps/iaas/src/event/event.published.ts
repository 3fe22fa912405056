import type { CloudEvent } from '@strata/contracts';
import { idIn } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';

/** What this service is called in what outsiders see. */
export const SOURCE = '/iaas';

/** An event of this service's log as outsiders see it. */
export const published = ({ id, stream, position, at, type, data, meta }: Recorded): CloudEvent => ({
  specversion: '1.0',
  id,
  source: SOURCE,
  type,
  subject: idIn(stream),
  time: at,
  datacontenttype: 'application/json',
  data: { ...data },
  position,
  tenantid: meta.tenantId,
  actor: meta.actor,
  correlationid: meta.correlationId,
  causationid: meta.causationId,
});

const ID = /^[a-z]{2,20}_[0-9a-z]{1,40}$/;

/** Every thing that an event speaks of: the one whose stream it is in, and all that its data names. */
export const thingsIn = ({ stream, data }: Pick<Recorded, 'stream' | 'data'>): ReadonlySet<string> =>
  new Set([idIn(stream), ...idsIn(data)]);

const idsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return ID.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(idsIn) : [];
};
