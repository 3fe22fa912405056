import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CloudEvent, events } from '@strata/contracts';
import type { Cause } from '@strata/contracts';
import { Clock, ManualClock, MemoryEventStore } from '@strata/event-store';
import type { NewEvent, Recorded } from '@strata/event-store';
import { Claims, MemoryClaims, Principals, createHttpApp } from '@strata/http';
import type { Principal } from '@strata/http';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { v7 } from 'uuid';
import { EventModule } from './event.module.js';

class TenantsAsKeys extends Principals {
  override async of(bearer: string): Promise<Principal> {
    const [tenantId = '', admin] = bearer.split('!');
    return { userId: 'user_1', tenantId, role: admin ? 'admin' : 'viewer', keyId: 'key_1' };
  }
}

const quiet = { log() {}, warn() {}, error: console.error };

const clock = new ManualClock();
let store: MemoryEventStore;
/** Another service's. */
let other: MemoryEventStore;
let app: NestFastifyApplication;
let address: string;
let versions: Record<string, number> = {};

beforeEach(async () => {
  store = new MemoryEventStore();
  other = new MemoryEventStore();
  versions = {};
  @Module({
    imports: [EventModule.on({ store, clock, others: [{ source: '/identity', store: other, access: 'admin' }] })],
    providers: [
      { provide: Principals, useClass: TenantsAsKeys },
      { provide: Claims, useClass: MemoryClaims },
      { provide: Clock, useValue: clock },
    ],
  })
  class EventsAlone {}
  app = await createHttpApp(EventsAlone, { logger: quiet });
  await app.listen(0, '127.0.0.1');
  address = await app.getUrl();
});
afterEach(async () => {
  await app.close();
  await store.close();
  await other.close();
});

type Because = Readonly<{ tenantId?: string; correlationId?: string; causationId?: string; actor?: string }>;

const append = async (
  stream: string,
  event: NewEvent,
  because: Because = {},
  into: MemoryEventStore = store,
): Promise<Recorded> => {
  const cause = { tenantId: 'ten_a', actor: 'user_1', correlationId: 'req_1', ...because };
  const meta = {
    commandId: v7(),
    at: '2026-01-01T00:00:00.000Z',
    ...cause,
    causationId: because.causationId ?? cause.correlationId,
  };
  const expectedVersion = versions[stream] ?? 0;
  const appended = await into.log.append({ stream, expectedVersion, events: [event], meta });
  versions = { ...versions, [stream]: expectedVersion + 1 };
  if (appended.outcome !== 'appended' || !appended.events[0]) throw new Error(appended.outcome);
  return appended.events[0];
};
const number = (it: number, tenantId = 'ten_a') =>
  append(`counter-cnt_${tenantId}`, { type: it % 2 ? 'Odd' : 'Even', data: { it } }, { tenantId });

const get = async (url: string, tenant = 'ten_a', headers: Readonly<Record<string, string>> = {}) => {
  const answer = await app.inject({ url, headers: { authorization: `Bearer ${tenant}`, ...headers } });
  return { status: answer.statusCode, body: JSON.parse(answer.body) as unknown };
};
const list = async (query: string, tenant?: string) => {
  const { status, body } = await get(`/v1/events${query}`, tenant);
  expect(status).toBe(200);
  return events.list.answer.parse(body);
};

describe('the list of events', () => {
  it('tells a tenant its own, in order, as CloudEvents', async () => {
    await number(1);
    await number(2, 'ten_b');
    const { id } = await number(3);
    const { items, nextPageToken } = await list('');
    expect(items.map(({ position }) => position)).toEqual([1, 3]);
    expect(nextPageToken).toBeNull();
    expect(items[1]).toEqual({
      specversion: '1.0',
      id,
      source: '/iaas',
      type: 'Odd',
      subject: 'cnt_ten_a',
      time: '2026-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      data: { it: 3 },
      position: 3,
      tenantid: 'ten_a',
      actor: 'user_1',
      correlationid: 'req_1',
      causationid: 'req_1',
    });
  });

  it('can be narrowed by position, type and any thing that an event speaks of', async () => {
    for (let it = 1; it <= 4; it++) await number(it);
    await append('instance-inst_1', { type: 'Moved', data: { to: { hostId: 'host_7' } } });
    const positions = async (query: string) => (await list(query)).items.map(({ position }) => position);
    expect(await positions('?since=3')).toEqual([4, 5]);
    expect(await positions('?type=Even')).toEqual([2, 4]);
    expect(await positions('?resource=inst_1')).toEqual([5]);
    expect(await positions('?resource=host_7')).toEqual([5]);
    expect(await positions('?resource=cnt_ten_a&type=Odd&since=1')).toEqual([3]);
    expect(await positions('?resource=host_8')).toEqual([]);
  });

  it('comes in pages that leave nothing out, however rare what is wanted', async () => {
    const count = 50_000;
    const numbers = Array.from({ length: count }, (_, it) => ({ type: 'Counted', data: { it } }));
    const meta = { commandId: v7(), at: '2026-01-01T00:00:00.000Z', tenantId: 'ten_a', actor: 'a' };
    const cause = { correlationId: 'req_1', causationId: 'req_0' };
    await store.log.append({ stream: 'many-x', expectedVersion: 0, events: numbers, meta: { ...meta, ...cause } });
    await append('instance-inst_1', { type: 'Rare', data: {} });

    const seen: number[] = [];
    let token: string | null = '';
    for (let pages = 0; token !== null && pages < 10; pages++) {
      const page = await list(`?resource=inst_1${token && `&pageToken=${token}`}`);
      seen.push(...page.items.map(({ position }) => position));
      token = page.nextPageToken;
    }
    expect([seen, token]).toEqual([[count + 1], null]);

    const first = await list('?pageSize=3');
    const second = await list(`?pageSize=3&pageToken=${first.nextPageToken}`);
    expect([...first.items, ...second.items].map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('the events of one thing', () => {
  const begin = async () => {
    await append('ten_a/instance-inst_1', { type: 'Begun', data: { hostId: 'host_7' } });
    for (let it = 0; it < 5; it++) {
      await append('ten_a/counter-cnt_1', { type: 'Counted', data: { it } }, { correlationId: `req_c${it}` });
    }
    const more = { type: 'Moved', data: { to: { hostId: 'host_7' } } };
    await append('ten_a/instance-inst_1', more, { correlationId: 'req_2', causationId: 'somebody' });
    await append('ten_b/instance-inst_2', { type: 'Begun', data: { hostId: 'host_7' } }, { tenantId: 'ten_b' });
    await list('?resource=inst_1');
  };
  const positions = async (query: string) => (await list(query)).items.map(({ position }) => position);

  it('are found without reading the log through', async () => {
    await begin();
    store.log.read = async () => {
      throw new Error('nobody reads the log through for one thing');
    };
    store.log.scan = () => {
      throw new Error('nobody reads the log through for one thing');
    };
    expect(await positions('?resource=inst_1')).toEqual([1, 7]);
    expect(await positions('?resource=host_7')).toEqual([1, 7]);
    expect(await positions('?resource=host_7&since=1')).toEqual([7]);
    expect(await positions('?resource=host_7&type=Begun')).toEqual([1]);
    expect(await positions('?resource=inst_2')).toEqual([]);
    expect(await positions('?resource=nothing')).toEqual([]);
  });

  it('are those of a moment, as all events are', async () => {
    await begin();
    expect(await positions('?resource=host_7&at=6')).toEqual([1]);
    expect(await positions('?resource=host_7&at=0')).toEqual([]);
    expect(await positions('?at=3')).toEqual([1, 2, 3]);
    const stream = await get('/v1/events?at=3', 'ten_a', { accept: 'text/event-stream' });
    expect(stream).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });

  it('come in pages, however many speak of it and wherever they are', async () => {
    const many = Array.from({ length: 2_500 }, (_, it) => ({ type: 'Seen', data: { it, hostId: 'host_7' } }));
    const other = Array.from({ length: 1_500 }, () => ({ type: 'Counted', data: {} }));
    const meta = { at: '2026-01-01T00:00:00.000Z', tenantId: 'ten_a', actor: 'a', causationId: 'req_0' };
    const write = (stream: string, expectedVersion: number, events: readonly NewEvent[]) =>
      store.log.append({ stream, expectedVersion, events, meta: { ...meta, commandId: v7(), correlationId: 'req_1' } });
    await write('ten_a/host-x', 0, many.slice(0, 1_200));
    await write('ten_a/counter-c', 0, other);
    await write('ten_a/host-x', 1_200, many.slice(1_200));
    const seen: number[] = [];
    for (let token: string | null = ''; token !== null;) {
      const page = await list(`?resource=host_7&pageSize=700${token && `&pageToken=${token}`}`);
      seen.push(...page.items.map(({ position }) => position));
      token = page.nextPageToken;
    }
    expect(seen).toEqual(Array.from({ length: 2_500 }, (_, it) => (it < 1_200 ? it + 1 : it + 1_501)));
  });
});

describe('the stream of events', () => {
  let open: readonly IncomingMessage[] = [];
  afterEach(() => {
    for (const stream of open) stream.destroy();
    open = [];
  });

  const connect = (query = '', headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const asked = { authorization: 'Bearer ten_a', accept: 'text/event-stream', ...headers };
      request(`${address}/v1/events${query}`, { headers: asked }, (answer) => {
        open = [...open, answer];
        resolve(answer);
      })
        .on('error', reject)
        .end();
    });

  /** Reads until so many events have come. */
  const take = async (stream: IncomingMessage, count: number): Promise<readonly CloudEvent[]> => {
    const taken: CloudEvent[] = [];
    let rest = '';
    for await (const part of stream.iterator({ destroyOnReturn: false })) {
      const frames = (rest + String(part)).split('\n\n');
      rest = frames.pop() ?? '';
      for (const frame of frames) {
        const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(frame) ?? [];
        if (data === undefined) continue;
        const event = CloudEvent.parse(JSON.parse(data));
        expect(id).toBe(String(event.position));
        taken.push(event);
      }
      if (taken.length >= count) break;
    }
    return taken;
  };
  const positionsOf = (taken: readonly CloudEvent[]) => taken.map(({ position }) => position);

  it('tells what was and then what comes, with nothing lost and nothing twice between', async () => {
    const count = 3_000;
    let written = 0;
    for (; written < 1_000; written++) await number(written);
    const stream = await connect();
    expect(stream.headers['content-type']).toMatch(/^text\/event-stream/);
    const taking = take(stream, count);
    for (; written < count; written++) {
      await number(written);
      if (written % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(positionsOf(await taking)).toEqual(Array.from({ length: count }, (_, it) => it + 1));
  });

  it('goes on after the last event that was heard, or after a position', async () => {
    for (let it = 1; it <= 5; it++) await number(it);
    expect(positionsOf(await take(await connect('', { 'last-event-id': '3' }), 2))).toEqual([4, 5]);
    expect(positionsOf(await take(await connect('?since=4'), 1))).toEqual([5]);
    expect(positionsOf(await take(await connect('?since=1', { 'last-event-id': '4' }), 1))).toEqual([5]);
  });

  it('can be narrowed, and tells nobody of others', async () => {
    await number(1, 'ten_b');
    await number(1);
    await number(2);
    expect(positionsOf(await take(await connect('?type=Even'), 1))).toEqual([3]);
    expect(positionsOf(await take(await connect(), 2))).toEqual([2, 3]);
  });

  it('of one thing tells what was and then what comes, with nothing lost and nothing twice between', async () => {
    const note = (it: number) => append(`ten_a/instance-inst_${it % 3}`, { type: 'Noted', data: { it } });
    for (let it = 0; it < 60; it++) await note(it);
    const stream = await connect('?resource=inst_1&since=10');
    const taking = take(stream, 40);
    for (let it = 60; it < 130; it++) {
      await note(it);
      if (it % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const all = Array.from({ length: 130 }, (_, it) => it).filter((it) => it % 3 === 1 && it + 1 > 10);
    expect(positionsOf(await taking)).toEqual(all.slice(0, 40).map((it) => it + 1));
  });

  it('refuses a place that the log does not have', async () => {
    await number(1);
    for (const last of ['2', '-1', 'x', '1e3', '99999999999999999999']) {
      const { status, body } = await get('/v1/events', 'ten_a', { accept: 'text/event-stream', 'last-event-id': last });
      expect([status, body]).toMatchObject([400, { code: 'request.invalid' }]);
    }
  });

  it('leaves nothing behind when its asker goes', async () => {
    let listeners = 0;
    const { log } = store;
    const listen = log.onAppend.bind(log);
    log.onAppend = (listener) => {
      listeners++;
      const stop = listen(listener);
      return () => {
        listeners--;
        stop();
      };
    };
    await number(1);
    const streams = await Promise.all([connect(), connect(), connect()]);
    for (const stream of streams) await take(stream, 1);
    expect(listeners).toBe(3);
    for (const stream of streams) stream.destroy();
    while (listeners > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('does not keep the server from stopping', async () => {
    await number(1);
    await take(await connect(), 1);
    await app.close();
  });
});

describe('why', () => {
  const begin = async () => {
    const wish = await append('instance-inst_1', { type: 'InstanceRequested', data: { operationId: 'op_1' } });
    const because = (event: Recorded, actor = 'process') => ({ causationId: event.id, actor });
    const step = { type: 'StepStarted', data: { operationId: 'op_1', step: 'disk' } };
    const started = await append('operation-op_1', step, because(wish));
    const disk = await append('instance-inst_1', { type: 'InstanceDiskRequested', data: {} }, because(started));
    const calls = [
      { verb: 'createDisk', ms: 12, outcome: 'ok' },
      { verb: 'start', ms: 3, outcome: 'unknown' },
    ];
    const seen = { type: 'InstanceObserved', data: { instanceId: 'inst_1', calls } };
    await append('instance-inst_1', seen, because(disk, 'host_1'));
    return { wish, started };
  };
  const why = async (id: string, tenant?: string) => {
    const { status, body } = await get(`/v1/why/${id}`, tenant);
    expect(status).toBe(200);
    return events.why.answer.parse(body).roots;
  };
  const drawn = (causes: readonly Cause[], depth = 0): readonly string[] =>
    causes.flatMap(({ what, by, effects }) => [`${'  '.repeat(depth)}${what} | ${by}`, ...drawn(effects, depth + 1)]);
  const tree = [
    'request | user_1',
    '  InstanceRequested inst_1 | user_1',
    '    StepStarted disk op_1 | process',
    '      InstanceDiskRequested inst_1 | process',
    '        InstanceObserved inst_1 | host_1',
    '          createDisk (ok, 12 ms) | host_1',
    '          start (unknown, 3 ms) | host_1',
  ];

  it('leads from a request to the calls of the hypervisor', async () => {
    const { started } = await begin();
    for (const id of ['inst_1', 'op_1', 'req_1', started.id]) expect(drawn(await why(id))).toEqual(tree);
  });

  it('tells a thing of every request that concerned it, and of no other', async () => {
    await begin();
    await append('instance-inst_1', { type: 'InstanceStopRequested', data: {} }, { correlationId: 'req_2' });
    await append('instance-inst_2', { type: 'InstanceRequested', data: {} }, { correlationId: 'req_3' });
    const branches = [...tree, 'request | user_1', '  InstanceStopRequested inst_1 | user_1'];
    expect(drawn(await why('inst_1'))).toEqual(['inst_1 | null', ...branches.map((line) => `  ${line}`)]);
    expect(drawn(await why('inst_2'))).toEqual(['request | user_1', '  InstanceRequested inst_2 | user_1']);
  });

  it('tells what a host did by itself, as far as it concerns the thing', async () => {
    const byItself = { correlationId: 'host_1', actor: 'host_1' };
    const drift = (instanceId: string) =>
      append(`instance-${instanceId}`, { type: 'InstanceDrifted', data: { instanceId } }, byItself);
    await drift('inst_1');
    await drift('inst_2');
    expect(drawn(await why('inst_1'))).toEqual(['by itself: host_1 | host_1', '  InstanceDrifted inst_1 | host_1']);
    expect(drawn(await why('host_1'))).toHaveLength(3);
  });

  it('knows a thing by its name, also when it is gone, and the newest of those that had it', async () => {
    const named = (id: string, request: string) =>
      append(
        `ten_a/instance-${id}`,
        { type: 'InstanceRequested', data: { instanceId: id, name: 'web' } },
        { correlationId: request },
      );
    await named('inst_1', 'req_1');
    await append('ten_a/instance-inst_1', { type: 'InstanceDeleted', data: { instanceId: 'inst_1' } });
    expect(drawn(await why('web'))).toEqual(drawn(await why('inst_1')));
    await named('inst_2', 'req_2');
    expect(drawn(await why('web'))).toEqual(['request | user_1', '  InstanceRequested inst_2 | user_1']);
    expect((await get('/v1/why/web?at=2')).body).toMatchObject({ id: 'inst_1' });
    expect(await get('/v1/why/web', 'ten_b')).toMatchObject({ status: 404 });
  });

  it('tells of what was made on the way: the request that needed it', async () => {
    const wish = await append('ten_a/instance-inst_1', { type: 'InstanceRequested', data: {} });
    const build = { type: 'ImageBuildRequested', data: { imageId: 'img_tiny', recipe: 'tiny' } };
    await append('ten_platform/image-img_tiny', build, { causationId: wish.id, actor: 'process' });
    const tree = [
      'request | user_1',
      '  InstanceRequested inst_1 | user_1',
      '    ImageBuildRequested img_tiny | process',
    ];
    for (const id of ['img_tiny', 'tiny']) expect(drawn(await why(id))).toEqual(tree);
    expect(await get('/v1/why/tiny', 'ten_b')).toMatchObject({ status: 404 });
  });

  it('is one tree over the logs of all services, for those who may be told of them', async () => {
    const key = await append('ten_a/key-key_9', { type: 'KeyCreated', data: { keyId: 'key_9' } }, {}, other);
    const wish = await append('ten_a/instance-inst_1', { type: 'InstanceRequested', data: { keyId: 'key_9' } });
    const seen = await get(`/v1/why/key_9`, 'ten_a!admin');
    expect(events.why.answer.parse(seen.body).roots).toMatchObject([
      {
        id: 'req_1',
        kind: 'request',
        effects: [
          { id: key.id, source: '/identity', position: 1 },
          { id: wish.id, source: '/iaas', position: 1 },
        ],
      },
    ]);
    expect(drawn(await why('key_9'))).toEqual(['request | user_1', '  InstanceRequested inst_1 | user_1']);
    await append('ten_a/key-key_8', { type: 'KeyCreated', data: {} }, { correlationId: 'req_2' }, other);
    expect(await get('/v1/why/key_8', 'ten_a!admin')).toMatchObject({
      status: 200,
      body: { roots: [{ id: 'req_2' }] },
    });
    for (const asker of ['ten_a', 'ten_b!admin'])
      expect(await get('/v1/why/key_8', asker)).toMatchObject({ status: 404 });
  });

  it('tells of an instant what had come of it by then', async () => {
    const { started } = await begin();
    const at = async (position: number) =>
      drawn(events.why.answer.parse((await get(`/v1/why/inst_1?at=${position}`)).body).roots);
    expect(await at(4)).toEqual(tree);
    expect(await at(2)).toEqual(tree.slice(0, 3));
    expect(await get('/v1/why/inst_1?at=0')).toMatchObject({ status: 404 });
    expect(await get(`/v1/why/${started.id}?at=1`)).toMatchObject({ status: 404 });
  });

  it('knows nothing of what is unknown, or of others', async () => {
    const { started } = await begin();
    const unknown = { status: 404, body: { code: 'event.not-found' } };
    for (const id of ['inst_9', 'nonsense', v7(), '00000000-0000-0000-0000-000000000000']) {
      expect(await get(`/v1/why/${id}`)).toMatchObject(unknown);
    }
    for (const id of ['inst_1', 'op_1', 'req_1', started.id]) {
      expect(await get(`/v1/why/${id}`, 'ten_b')).toMatchObject(unknown);
    }
  });

  it('finds any event of a long log by its id', async () => {
    const all: Recorded[] = [];
    for (let it = 0; it < 300; it++) {
      all.push(await append('counter-cnt_1', { type: 'Counted', data: {} }, { correlationId: `req_${it}` }));
      if (it % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
    for (const index of [0, 1, 99, 150, 299]) {
      const event = all[index];
      if (event) expect(await why(event.id)).toMatchObject([{ id: `req_${index}`, effects: [{ id: event.id }] }]);
    }
  });
});
