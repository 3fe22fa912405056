import { Logger } from '@nestjs/common';
import { startPostgres } from '@strata/embedded-postgres';
import { Rejection, operations } from '@strata/event-sourcing';
import type { Decider, Event, Meta } from '@strata/event-sourcing';
import { PostgresEventStore, streamName } from '@strata/event-store';
import type { NewEvent } from '@strata/event-store';
import { join } from 'node:path';
import { v7 } from 'uuid';
import { ConnectHost, PlaceInstance, UnplaceInstance, fleet } from '../../apps/iaas/src/host/fleet.js';
import { history, processes } from '../../apps/iaas/src/iaas.module.js';
import { AllocateAddress, CreateNetwork, network } from '../../apps/iaas/src/network/network.js';
import { ReserveQuota, quota } from '../../apps/iaas/src/quota/quota.js';
import { makeFolder } from './cloud-process.js';
import { Ends } from './ends.js';

/*
 * How long the first command after a start takes, when its aggregate is as large as aggregates get: nothing is in memory
 * then, and every event of the stream is read and folded. `node dist/test/bench/first-command.js`, after `npm run build`.
 */

const meta = (): Meta => ({
  commandId: v7(),
  at: '2026-01-01T00:00:00.000Z',
  tenantId: 'ten_1',
  actor: 'user_1',
  correlationId: 'req_1',
  causationId: 'req_1',
});
const size = { vcpus: 1, memoryMiB: 512, diskGiB: 4 };
const operationId = 'op_01m88avsrwe0cbcpj6k3bc7jq5';
const idOf = (n: number) => `inst_${String(n).padStart(26, '0')}`;
const host = (n: number) => ({
  host: {
    hostId: `host_${n}`,
    name: `host-${n}`,
    driver: 'simulated' as const,
    accelerator: 'none' as const,
    vcpus: 64,
    memoryMiB: 262_144,
    diskGiB: 100_000,
    version: 'simulation 1',
    freeRange: '10.0.0.0/24',
  },
  overcommit: { vcpus: 16, memory: 1, reservedMemoryMiB: 1024 },
});

/** What happened to an aggregate, from its own rules. */
const pastOf = <C, E extends Event, S>(decider: Decider<C, E, S>, commands: Iterable<C>): readonly E[] => {
  const events: E[] = [];
  let state = decider.initialState;
  for (const command of commands) {
    const decision = decider.decide(command, state);
    if (decision instanceof Rejection) throw new Error(decision.reason);
    for (const event of decision) {
      state = decider.evolve(state, event);
      events.push(event);
    }
  }
  return events;
};

function* placements(hosts: number, stay: number, come: number) {
  for (let n = 0; n < hosts; n++) yield new ConnectHost(host(n), meta());
  for (let n = 0; n < stay + come; n++) {
    yield new PlaceInstance({ instanceId: idOf(n), operationId, size }, meta());
    if (n >= stay) yield new UnplaceInstance({ instanceId: idOf(n), operationId }, meta());
  }
}
function* reservations(count: number) {
  for (let n = 0; n < count; n++) {
    yield new ReserveQuota({ instanceId: idOf(n), operationId, name: `web-${n}`, ...size }, meta());
  }
}
function* leases(count: number) {
  const networkId = 'net_default';
  yield new CreateNetwork({ networkId, name: 'default', type: 'nat', cidr: '10.128.0.0/12' }, meta());
  for (let n = 0; n < count; n++) {
    yield new AllocateAddress({ networkId, instanceId: idOf(n), operationId, name: `web-${n}` }, meta());
  }
}
/** An image of a thousand packages is built, and each is told. */
const journal = (): readonly NewEvent[] => {
  const subject = { type: 'image', id: 'img_tiny' };
  const progress = Array.from({ length: 1_000 }, (_, done) => ({
    type: 'StepProgressed',
    data: { operationId, step: 'build', done, total: 1_000, note: `package ${done}` },
  }));
  const started = { operationId, kind: 'build-image', subject, steps: ['build'], facts: {}, cancellable: false };
  const step = { operationId, step: 'build', command: null, awaits: 'ImageReady', dueAt: meta().at };
  return [{ type: 'ProcessStarted', data: started }, { type: 'StepStarted', data: step }, ...progress];
};

const GROUP = 1_000;

/** As many groups as it takes: the fleet's stream is written as one process would have written it. */
const write = async (store: PostgresEventStore, stream: string, events: readonly NewEvent[]) => {
  for (let version = 0; version < events.length; version += GROUP) {
    const group = events.slice(version, version + GROUP);
    const commands = group.map((event) => ({ events: [event], meta: meta() }));
    await store.log.appendAll({ stream, expectedVersion: version, commands });
  }
};

type Case = Readonly<{
  name: string;
  stream: string;
  past: () => readonly NewEvent[];
  load: (store: PostgresEventStore, stream: string) => Promise<unknown>;
  /** Folding alone, of events that are in memory already. */
  fold: (events: readonly NewEvent[]) => unknown;
}>;

const caseOf = <C extends Readonly<{ meta: Meta }>, E extends Event, S>(
  name: string,
  decider: Decider<C, E, S>,
  past: () => readonly NewEvent[],
): Case => ({
  name,
  stream: streamName(decider, name.replaceAll(/\W/g, ''), 'ten_1'),
  past,
  load: (store, stream) => store.aggregates.load(decider, stream),
  // The past of a case holds events of its own decider.
  fold: (events) =>
    (events as readonly E[]).reduce((state, event) => decider.evolve(state, event), decider.initialState),
});

const cases: readonly Case[] = [
  caseOf('fleet: 50 hosts, 10,000 placed', fleet, () => pastOf(fleet, placements(50, 10_000, 0))),
  caseOf('fleet: 50 hosts, 10,000 placed, 95,000 gone', fleet, () => pastOf(fleet, placements(50, 10_000, 95_000))),
  caseOf('quota: 10,000 names', quota, () => pastOf(quota, reservations(10_000))),
  caseOf('network: 10,000 leases', network, () => pastOf(network, leases(10_000))),
  caseOf('operation: 1,000 times progress', operations(processes), journal),
];

const ROUNDS = 5;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const timed = async (work: () => unknown): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

const measure = async (url: string, { name, stream, past, load, fold }: Case) => {
  const place = { url, schema: 'first_command', history };
  const events = past();
  const writer = await PostgresEventStore.open(place);
  await write(writer, stream, events);
  await writer.close();
  const [loads, folds]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const store = await PostgresEventStore.open(place);
    loads.push(await timed(() => load(store, stream)));
    folds.push(await timed(() => fold(events)));
    await store.close();
  }
  const columns = [events.length, Math.round(median(loads)), Math.round(median(folds))];
  console.log(name.padEnd(45), ...columns.map((it) => String(it).padStart(9)));
};

Logger.overrideLogger(['error', 'fatal']);
const ends = new Ends();
try {
  const folder = await makeFolder(ends);
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), fsync: false });
  ends.add(() => postgres.stop());
  console.log(''.padEnd(45), ...['events', 'ms', 'of it fold'].map((it) => it.padStart(9)));
  for (const it of cases) await measure(postgres.url, it);
} finally {
  await ends.all();
}
