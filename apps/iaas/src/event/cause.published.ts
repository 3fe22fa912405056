import type { Cause, HypervisorCall } from '@strata/contracts';
import { idIn } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';

/**
 * Events that began together, as trees: below each what it caused, in the order of the log. An event whose cause is not
 * among them hangs on what it all began with.
 */
export const causesOf = (events: readonly Recorded[], source: string): readonly Cause[] => {
  const ids = new Set(events.map(({ id }) => id));
  const byCause = Map.groupBy(events, ({ id, meta: { causationId, correlationId } }) =>
    ids.has(causationId) && causationId !== id ? causationId : `root ${correlationId}`,
  );
  const effectsOf = (id: string): readonly Cause[] =>
    (byCause.get(id) ?? []).map((event) => ({
      ...node(event),
      source,
      effects: [...callsOf(event), ...effectsOf(event.id)],
    }));

  const beginnings = Map.groupBy(events, ({ meta }) => meta.correlationId);
  return [...beginnings].map(([id, [first]]) => ({
    id,
    kind: 'request',
    what: id.startsWith('req_') ? 'request' : `by itself: ${id}`,
    at: first?.at ?? null,
    position: null,
    source: null,
    by: first?.meta.actor ?? null,
    effects: effectsOf(`root ${id}`),
  }));
};

/** A thing that several requests were about is what they have in common: they are its branches. */
export const underOneRoot = (id: string, roots: readonly Cause[]): readonly Cause[] => {
  const [first] = roots;
  if (first === undefined || roots.length === 1) return roots;
  return [{ id, kind: 'thing', what: id, at: first.at, position: null, source: null, by: null, effects: roots }];
};

const node = ({ id, type, stream, data, at, position, meta }: Recorded): Omit<Cause, 'effects' | 'source'> => {
  const step = 'step' in data && typeof data.step === 'string' ? [data.step] : [];
  return { id, kind: 'event', what: [type, ...step, idIn(stream)].join(' '), at, position, by: meta.actor };
};

/** What the host asked of its hypervisor before it saw this. */
const callsOf = ({ id, type, data, at, meta }: Recorded): readonly Cause[] => {
  if (type !== 'InstanceObserved' || !('calls' in data)) return [];
  const calls = data.calls as readonly HypervisorCall[]; // The only event of this name carries a sight's calls.
  return calls.map(({ verb, ms, outcome }, index) => ({
    id: `${id}/${index}`,
    kind: 'call',
    what: `${verb} (${outcome}, ${ms} ms)`,
    at,
    position: null,
    source: null,
    by: meta.actor,
    effects: [],
  }));
};
