import type { Recorded } from '@strata/event-store';
import { Operation } from '@strata/contracts';
import type { Evidence } from './evidence.js';

/*
 * INV: what must be so of every cloud at rest, whatever befell it. Each sentence that comes out says what is broken; none is
 * the only good answer. Everything is counted here anew, from events, answers and hosts: nothing of the product's own rules is
 * asked whether the product is right.
 */

type Size = Readonly<{ vcpus: number; memoryMiB: number; diskGiB: number }>;
type Life = 'live' | 'deleted' | 'rejected';

const dimensions = ['vcpus', 'memoryMiB', 'diskGiB'] as const;
const nothing: Size = { vcpus: 0, memoryMiB: 0, diskGiB: 0 };

export const brokenIn = (evidence: Evidence): readonly string[] => [
  ...gaps(evidence),
  ...doubled(evidence),
  ...lost(evidence),
  ...miscounted(evidence),
  ...overbooked(evidence),
  ...misbilled(evidence),
  ...misfolded(evidence),
  ...answeredOtherwise(evidence),
  ...abandoned(evidence),
  ...leftBehind(evidence),
];

/** Positions are 1, 2, 3 … and versions are so within each stream; times of storing never go back. */
const gaps = ({ events }: Evidence): string[] => {
  const broken: string[] = [];
  const versions = new Map<string, number>();
  events.forEach(({ position, stream, version, recordedAt }, index) => {
    if (position !== index + 1) broken.push(`position ${position} stands where ${index + 1} belongs`);
    const expected = (versions.get(stream) ?? 0) + 1;
    if (version !== expected) broken.push(`${stream} has version ${version} where ${expected} belongs`);
    versions.set(stream, version);
    if (recordedAt < (events[index - 1]?.recordedAt ?? ''))
      broken.push(`position ${position} was stored before the one before`);
  });
  return broken;
};

/** No event is there twice, and nothing that happens once to an instance or an operation has happened twice. */
const doubled = ({ events }: Evidence): string[] => [
  ...repeated(events, ({ id }) => `event ${id}`),
  ...repeated(ofType(events, 'InstanceRequested'), ({ data }) => `InstanceRequested of ${text(data, 'instanceId')}`),
  ...repeated(ofType(events, 'InstanceRequested'), ({ data }) => `InstanceRequested by ${text(data, 'operationId')}`),
  ...repeated(ofType(events, 'InstanceDeletionRequested'), ({ data }) => `deletion by ${text(data, 'operationId')}`),
  ...repeated(ofType(events, 'InstanceDeleted'), ({ data }) => `InstanceDeleted of ${text(data, 'instanceId')}`),
  ...repeated(ofType(events, 'ProcessStarted'), ({ stream }) => `the beginning of ${stream}`),
  ...repeated(ofType(events, 'ProcessEnded'), ({ stream }) => `the end of ${stream}`),
];

/** What was accepted is there: its operation, and the event that it stands for. What nobody asked for is not. */
const lost = ({ acknowledged, events, operations }: Evidence): string[] => {
  const accepted = acknowledged.filter(({ answer }) => answer.status === 202);
  const begun = new Map(accepted.map(({ ask, answer }) => [Operation.parse(JSON.parse(answer.text)).id, ask.key]));
  const known = new Set(operations.map(({ id }) => id));
  const wished = [...ofType(events, 'InstanceRequested'), ...ofType(events, 'InstanceDeletionRequested')];
  const stored = new Set(wished.map(({ data }) => text(data, 'operationId')));
  return [
    ...[...begun].flatMap(([id, key]) =>
      known.has(id) ? [] : [`the operation ${id} of ${key} was accepted and is gone`],
    ),
    ...[...begun].flatMap(([id, key]) =>
      stored.has(id) ? [] : [`what ${key} asked was accepted and is not in the log`],
    ),
    ...[...stored].flatMap((id) => (begun.has(id) ? [] : [`nobody was told of the operation ${id}`])),
  ];
};

/** creates = live + deleted + rejected, in the log and in the lists. */
const miscounted = ({ events, instances }: Evidence): string[] => {
  const lives = livesIn(events);
  const count = (life: Life) => [...lives.values()].filter((it) => it === life).length;
  const created = ofType(events, 'InstanceRequested').length;
  const sum = count('live') + count('deleted') + count('rejected');
  const listed = new Map(instances.map(({ id, status }) => [id, status === 'error' ? 'rejected' : 'live'] as const));
  const there = [...lives].filter(([, life]) => life !== 'deleted');
  return [
    ...(created === sum ? [] : [`${created} were created, and ${sum} are accounted for`]),
    ...there.flatMap(([id, life]) =>
      listed.get(id) === life ? [] : [`${id} is ${life} by the log and ${listed.get(id) ?? 'missing'} in the list`],
    ),
    ...[...listed.keys()].flatMap((id) =>
      lives.has(id) && lives.get(id) !== 'deleted' ? [] : [`${id} is listed, and is no more`],
    ),
  ];
};

const livesIn = (events: readonly Recorded[]): Map<string, Life> => {
  const lives = new Map<string, Life>();
  for (const { type, data } of events) {
    if (type === 'InstanceRequested') lives.set(text(data, 'instanceId'), 'live');
    if (type === 'InstanceFailed') lives.set(text(data, 'instanceId'), 'rejected');
    if (type === 'InstanceDeleted') lives.set(text(data, 'instanceId'), 'deleted');
  }
  return lives;
};

/** At no event is more of a host given away than it has. */
const overbooked = ({ events }: Evidence): string[] => {
  const capacities = new Map<string, Size>();
  const given = new Map<string, Size>();
  const broken: string[] = [];
  for (const { type, data, position } of events) {
    if (type === 'HostConnected') capacities.set(text(data, 'hostId'), capacityOf(data));
    if (type !== 'InstancePlaced' && type !== 'InstanceUnplaced') continue;
    const hostId = text(data, 'hostId');
    const now = plus(given.get(hostId) ?? nothing, sizeIn(data), type === 'InstancePlaced' ? 1 : -1);
    given.set(hostId, now);
    const capacity = capacities.get(hostId) ?? nothing;
    for (const dimension of dimensions) {
      if (now[dimension] < 0 || now[dimension] > capacity[dimension])
        broken.push(`${hostId} has given away ${now[dimension]} of ${capacity[dimension]} ${dimension} at ${position}`);
    }
  }
  return broken;
};

/** The quota in use is the sum of what lives. */
const misbilled = ({ quota, instances }: Evidence): string[] => {
  const live = instances.filter(({ status }) => status !== 'error');
  const sum = { ...live.reduce((all, it) => plus(all, it, 1), nothing), instances: live.length };
  return ([...dimensions, 'instances'] as const).flatMap((dimension) =>
    quota.used[dimension] === sum[dimension]
      ? []
      : [`the quota says that ${quota.used[dimension]} ${dimension} are used, and ${sum[dimension]} are`],
  );
};

const misfolded = ({ rebuilds }: Evidence): string[] =>
  Object.entries(rebuilds).flatMap(([name, { before, after }]) =>
    before === after ? [] : [`the rows of the view ${name} were not what the log says`],
  );

/** Who asks again under a key hears what was said the first time, to the byte. */
const answeredOtherwise = ({ acknowledged, replays }: Evidence): string[] =>
  acknowledged.flatMap(({ ask, answer }) => {
    const replay = replays.get(ask.key);
    if (replay?.status === answer.status && replay.text === answer.text) return [];
    return [`${ask.key} was answered ${answer.status} ${answer.text} and then ${replay?.status} ${replay?.text}`];
  });

/** Every operation has ended, and no instance waits for one. */
const abandoned = ({ operations, instances }: Evidence): string[] => [
  ...operations.flatMap(({ id, status }) =>
    status === 'running' || status === 'undoing' ? [`${id} is ${status}`] : [],
  ),
  ...instances.flatMap(({ id, task }) => (task === null ? [] : [`${id} is ${task}, and nobody is at work on it`])),
];

/** On the hosts is what is wished, and nothing else. */
const leftBehind = ({ instances, existing }: Evidence): string[] => {
  const placed = instances.filter(({ hostId }) => hostId !== null);
  const live = placed.filter(({ status }) => status !== 'error');
  const difference = (what: string, is: readonly string[], wished: readonly string[]) => [
    ...minus(is, wished).map((id) => `there is a ${what} ${id} that nobody wishes`),
    ...minus(wished, is).map((id) => `there is no ${what} ${id}`),
  ];
  return [
    ...difference(
      'guest',
      existing.guests,
      live.map(({ id }) => id),
    ),
    ...difference(
      'disk',
      existing.disks,
      live.map(({ id }) => id),
    ),
    ...difference(
      'lease',
      existing.leases,
      live.flatMap(({ address }) => address ?? []),
    ),
    ...repeated(existing.guests, (id) => `the guest ${id}`),
  ];
};

const ofType = (events: readonly Recorded[], type: string) => events.filter((event) => event.type === type);

const repeated = <T>(all: readonly T[], name: (it: T) => string): string[] =>
  [...Map.groupBy(all, name)].flatMap(([it, same]) => (same.length > 1 ? [`${it} is there ${same.length} times`] : []));

const minus = (all: readonly string[], others: readonly string[]): readonly string[] => {
  const known = new Set(others);
  return all.filter((it) => !known.has(it));
};

const plus = (a: Size, b: Size, sign: 1 | -1): Size => ({
  vcpus: a.vcpus + sign * b.vcpus,
  memoryMiB: a.memoryMiB + sign * b.memoryMiB,
  diskGiB: a.diskGiB + sign * b.diskGiB,
});

/** The shapes of events are their owners'; each is read here as what it says on its label. */
const text = (data: object, name: string): string => {
  const value: unknown = Reflect.get(data, name);
  if (typeof value !== 'string') throw new Error(`an event has no ${name}`);
  return value;
};

const sizeIn = (data: object): Size => Reflect.get(data, 'size') as Size; // Both events of a placement carry one.

const capacityOf = (data: object): Size => {
  // As HostConnected has it.
  const { host, overcommit } = data as {
    host: Size;
    overcommit: { vcpus: number; memory: number; reservedMemoryMiB: number };
  };
  return {
    vcpus: Math.floor(host.vcpus * overcommit.vcpus),
    memoryMiB: Math.max(0, Math.floor(host.memoryMiB * overcommit.memory) - overcommit.reservedMemoryMiB),
    diskGiB: host.diskGiB,
  };
};
