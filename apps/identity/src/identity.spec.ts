import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { MemoryEventStore, ManualClock } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { Principals } from '@strata/http';
import { MasterKey, MemorySubjectKeys, Sealing } from '@strata/sealing';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { hashOf, makeCredential, parseCredential, textOf } from './credential.js';
import { IdentityModule } from './identity.module.js';
import { RevokeKey, UNLIMITED, key } from './key/key.js';

const apiUrl = 'http://127.0.0.1:7070';
const Credentials = z.object({ apiUrl: z.string(), key: z.string(), tenantId: z.string(), userId: z.string() });

let home: string;
let store: EventStore;
let sealing: Sealing;
let running: TestingModule | undefined;

beforeAll(() => void Logger.overrideLogger(false));
afterAll(() => void Logger.overrideLogger(['log', 'warn', 'error']));
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'strata-identity-'));
  store = new MemoryEventStore();
  sealing = await Sealing.open(new MemorySubjectKeys(), MasterKey.random());
});
afterEach(async () => {
  await stop();
  await rm(home, { recursive: true });
});

const stop = async () => {
  await running?.close();
  await store.close();
  running = undefined;
};
/** What is found by a process that starts anew; the one before has ended. */
const start = async () => {
  await stop();
  store = new MemoryEventStore(store.log);
  const module = await Test.createTestingModule({
    imports: [IdentityModule.on({ store, clock: new ManualClock(), sealing, occupancy: { of: async () => ({}) } })],
  }).compile();
  running = await module.init();
  const principals = module.get(Principals, { strict: false });
  return { identity: module.get(IdentityModule), principals };
};
const credentials = async () => Credentials.parse(JSON.parse(await readFile(join(home, 'credentials.json'), 'utf8')));
const handOut = async (place = { home, apiUrl }) => {
  const { identity, principals } = await start();
  const path = await identity.handOutCredentials(place);
  return { principals, path };
};

describe('the first administrator', () => {
  it('finds a good key in a file that nobody else can read', async () => {
    const { principals, path } = await handOut();
    const { key: bearer, ...rest } = await credentials();
    expect(rest).toEqual({ apiUrl, tenantId: 'ten_default', userId: 'user_admin' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(home)).toEqual(['credentials.json']);
    expect(await principals.of(bearer)).toEqual({
      userId: 'user_admin',
      tenantId: 'ten_default',
      role: 'platform-administrator',
      keyId: parseCredential(bearer)?.keyId,
    });
  });

  it('keeps the key when the cloud starts again, also under another address', async () => {
    await handOut();
    const { key: before } = await credentials();
    const events = await store.log.head();
    const { principals } = await handOut({ home, apiUrl: 'http://127.0.0.1:7071' });
    expect(await credentials()).toMatchObject({ key: before, apiUrl: 'http://127.0.0.1:7071' });
    expect(await principals.of(before)).toBeDefined();
    expect(await store.log.head()).toBe(events);
  });

  for (const [what, damage] of [
    ['lost', () => rm(join(home, 'credentials.json'))],
    ['broken', () => writeFile(join(home, 'credentials.json'), '{"key":')],
    ['of another cloud', async () => replaceKey(textOf(makeCredential()))],
  ] as const) {
    it(`gets a new key when the file is ${what}, and the old key is good no more`, async () => {
      await handOut();
      const { key: before } = await credentials();
      await damage();
      const { principals } = await handOut();
      const { key: after } = await credentials();
      expect(await principals.of(before)).toBeUndefined();
      expect(await principals.of(after)).toMatchObject({ role: 'platform-administrator' });
      expect((await stat(join(home, 'credentials.json'))).mode & 0o777).toBe(0o600);
    });
  }

  it('of a home of 0.1.0, which knew keys only, keeps the key', async () => {
    const credential = makeCredential();
    const it = {
      keyId: credential.keyId,
      hash: hashOf(credential.secret),
      userId: 'user_admin',
      tenantId: 'ten_default',
    };
    const grant = { role: 'platform-administrator', name: 'first-administrator', kind: 'key', ...UNLIMITED };
    const at = '2026-01-01T00:00:00.000Z';
    const because = {
      actor: 'process:start',
      correlationId: 'req_1',
      causationId: 'req_1',
      tenantId: 'ten_default',
      at,
    };
    const append = (stream: string, type: string, data: object, digit: number) =>
      store.log.append({
        stream,
        expectedVersion: 0,
        events: [{ type, data: { ...data, at } }],
        meta: { ...because, commandId: `019aa000-0000-7000-8000-00000000000${digit}` },
      });
    const tenant = { tenantId: 'ten_default', name: 'default' };
    await append('ten_default/tenant-ten_default', 'TenantCreated', tenant, 1);
    await append(`ten_default/key-${credential.keyId}`, 'KeyCreated', { ...it, ...grant }, 2);
    const bearer = textOf(credential);
    const { userId, tenantId } = it;
    await writeFile(join(home, 'credentials.json'), JSON.stringify({ apiUrl, key: bearer, tenantId, userId }));
    const { principals } = await handOut();
    expect(await credentials()).toMatchObject({ key: bearer });
    expect(await principals.of(bearer)).toMatchObject({ role: 'platform-administrator', keyId: credential.keyId });
    expect(await store.log.read(0, 100, { types: ['KeyRevoked'] })).toEqual([]);
  });

  it('has a secret that is nowhere in the log', async () => {
    await handOut();
    const secret = parseCredential((await credentials()).key)?.secret ?? 'no secret';
    const told = JSON.stringify(await store.log.read(0, 100));
    expect(told).toContain(hashOf(secret));
    expect(told).not.toContain(secret);
  });

  const replaceKey = async (other: string) =>
    writeFile(join(home, 'credentials.json'), JSON.stringify({ ...(await credentials()), key: other }));
});

describe('a key', () => {
  it('is known by its whole text only', async () => {
    const { principals } = await handOut();
    const { key: bearer } = await credentials();
    const last = bearer.at(-1) === 'A' ? 'E' : 'A';
    for (const other of [
      '',
      'strata',
      bearer.slice(0, -1),
      `${bearer}A`,
      bearer.slice(0, -1) + last,
      bearer.toUpperCase(),
    ]) {
      expect(await principals.of(other)).toBeUndefined();
    }
  });

  it('that is revoked by another process is refused here without a new start', async () => {
    const { principals } = await handOut();
    const { key: bearer } = await credentials();
    const keyId = parseCredential(bearer)?.keyId ?? 'none';
    const cause = { actor: 'user_b', correlationId: 'req_1', causationId: 'req_1', tenantId: 'ten_default' };
    const meta = { commandId: '019aa000-0000-7000-8000-000000000000', at: '2026-01-02T00:00:00.000Z', ...cause };
    await store.aggregates.execute(key, `ten_default/key-${keyId}`, new RevokeKey({ keyId, reason: 'theft' }, meta));
    while (await principals.of(bearer)) await new Promise((resolve) => setImmediate(resolve));
  });
});
