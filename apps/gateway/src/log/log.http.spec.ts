import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { LogReport, Role } from '@strata/contracts';
import { Clock, ManualClock, MemoryEventStore, ProvenLog, PublicKeys, SigningKey } from '@strata/event-store';
import type { Meta } from '@strata/event-sourcing';
import { Claims, MemoryClaims, Principals, createHttpApp } from '@strata/http';
import type { Principal } from '@strata/http';
import { v4 } from 'uuid';
import { LogHttp } from './log.http.js';
import { Logs } from './ports.js';

class KeysByRole extends Principals {
  override async of(bearer: string): Promise<Principal | undefined> {
    const roles: readonly Role[] = ['viewer', 'operator', 'admin', 'owner', 'platform-administrator'];
    const role = roles.find((it) => it === bearer);
    return role && { userId: `user_${bearer}`, tenantId: 'ten_a', role, keyId: 'key_1' };
  }
}

const meta = (tenantId: string): Meta => ({
  commandId: v4(),
  at: '2026-11-25T08:00:00.000Z',
  tenantId,
  actor: 'user_1',
  correlationId: 'req_1',
  causationId: 'req_1',
});
const quiet = { log() {}, warn() {}, error() {} };

describe('the logs over the API', () => {
  const store = new MemoryEventStore();
  const signing = SigningKey.generate();
  let proven: ProvenLog;
  let app: NestFastifyApplication;
  beforeAll(async () => {
    for (const tenantId of ['ten_a', 'ten_b', 'ten_a']) {
      const events = ['one', 'two'].map((text) => ({ type: 'Noted', data: { text, by: tenantId } }));
      await store.log.append({ stream: `${tenantId}/note-${v4()}`, expectedVersion: 0, events, meta: meta(tenantId) });
    }
    const clock = new ManualClock();
    const keys = { signing, known: new PublicKeys([signing.publicPem]) };
    proven = await ProvenLog.open({ name: 'notes', store, keys, clock });
    @Module({
      controllers: [LogHttp],
      providers: [
        { provide: Logs, useValue: { all: () => [proven] } satisfies Logs },
        { provide: Principals, useClass: KeysByRole },
        { provide: Claims, useClass: MemoryClaims },
        { provide: Clock, useValue: clock },
      ],
    })
    class TestModule {}
    app = await createHttpApp(TestModule, { logger: quiet });
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await proven.close();
  });

  const get = (url: string, { as = 'platform-administrator', accept = '*/*' } = {}) =>
    app.inject({ url, headers: { authorization: `Bearer ${as}`, accept } });

  it('are for administrators of the platform', async () => {
    for (const path of ['', '/verification', '/notes/checkpoint', '/notes/lines']) {
      for (const role of ['viewer', 'operator', 'admin', 'owner']) {
        expect((await get(`/v1/logs${path}`, { as: role })).statusCode).toBe(403);
      }
      expect((await get(`/v1/logs${path}`)).statusCode).toBe(200);
    }
  });

  it('tell how they are, with an end that is signed', async () => {
    const { logs, keys } = (await get('/v1/logs')).json<{ logs: unknown[]; keys: unknown[] }>();
    const { position, hash } = await store.ledger.head();
    expect(logs).toEqual([
      { name: 'notes', position, checkpoint: expect.objectContaining({ position, hash }), views: [], damage: null },
    ]);
    expect(keys).toEqual([{ id: signing.id, publicKey: signing.publicPem }]);
    expect((await get('/v1/logs/notes/checkpoint?upTo=5')).json()).toEqual({ checkpoint: null });
    expect((await get('/v1/logs/notes/checkpoint')).json()).toMatchObject({
      checkpoint: { position, keyId: signing.id },
    });
  });

  it('are told line by line, whole or of one tenant, from and up to a position', async () => {
    const lines = async (query: string) => {
      const { payload, headers } = await get(`/v1/logs/notes/lines${query}`);
      expect(headers['content-type']).toBe('application/x-ndjson');
      return payload
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    expect((await lines('')).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await lines('?after=1&upTo=3')).map(({ position }) => position)).toEqual([2, 3]);
    const own = await lines('?tenant=ten_b');
    expect(own.map(({ position, data }) => [position, data])).toEqual([
      [3, { text: 'one', by: 'ten_b' }],
      [4, { text: 'two', by: 'ten_b' }],
    ]);
    expect(own[1]?.['before']).toBe(own[0]?.['hash']);
    expect(JSON.stringify(own)).not.toContain('ten_a');
    expect((await get('/v1/logs/others/lines')).json()).toMatchObject({ code: 'log.not-found' });
  });

  it('are verified, with a word on the way where one is wanted', async () => {
    const { logs } = (await get('/v1/logs/verification')).json<{ logs: LogReport[] }>();
    expect(logs).toMatchObject([{ log: 'notes', events: 6, position: 6, checkpoints: 1, faults: [], more: 0 }]);
    const { payload, headers } = await get('/v1/logs/verification?log=notes', { accept: 'text/event-stream' });
    expect(headers['content-type']).toContain('text/event-stream');
    expect([...payload.matchAll(/^event: (.+)$/gm)].map(([, name]) => name)).toEqual(['progress', 'done']);
    const [, done = ''] = /event: done\ndata: (.+)/.exec(payload) ?? [];
    expect(JSON.parse(done)).toMatchObject({ log: 'notes', hash: logs[0]?.hash, faults: [] });
    expect((await get('/v1/logs/verification?log=others')).statusCode).toBe(404);
  });
});
