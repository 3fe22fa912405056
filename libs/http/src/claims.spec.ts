import { startPostgres } from '@strata/embedded-postgres';
import type { Postgres } from '@strata/embedded-postgres';
import { Logger } from '@nestjs/common';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { MemoryClaims } from './memory-claims.js';
import { PostgresClaims } from './postgres-claims.js';
import { isAMemoryOfKeys } from './testing/claims.contract.js';

isAMemoryOfKeys('a map', async () => new MemoryClaims());

describe('a table', () => {
  let folder: string;
  let postgres: Postgres;
  let open: readonly PostgresClaims[] = [];
  const openClaims = async (schema: string) => {
    const claims = await PostgresClaims.open({ url: postgres.url, schema });
    open = [...open, claims];
    return claims;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-claims-'));
    postgres = await startPostgres({ folder, fsync: false });
  }, 60_000);
  afterAll(async () => {
    await Promise.all(open.map((claims) => claims.close()));
    await postgres.stop();
    await rm(folder, { recursive: true });
  });

  isAMemoryOfKeys('it', () => openClaims('claims'));

  it('holds a claim for what was done under it, also when the server has died since and forgotten it', async () => {
    const claims = await openClaims('mortal');
    const claimed = { tenantId: 'ten_a', key: 'k', requestHash: 'h', at: '2026-01-01T00:00:00.000Z' };
    const { mismatch: _, answer: __, ...claim } = await claims.claim(claimed);
    const client = new Client(postgres.url);
    await client.connect();
    await client.query('DELETE FROM mortal.http_claim');
    await claims.hold(claimed, claim);
    expect((await client.query('SELECT FROM mortal.http_claim')).rowCount).toBe(0);

    Logger.overrideLogger(false);
    await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%mortal%'`);
    const deadline = Date.now() + 5_000;
    do {
      await claims.hold(claimed, claim).catch(() => undefined);
    } while ((await client.query('SELECT FROM mortal.http_claim')).rowCount === 0 && Date.now() < deadline);
    Logger.overrideLogger(['log', 'warn', 'error']);
    expect(await claims.claim(claimed)).toMatchObject({ seed: claim.seed, since: claimed.at, isRepeat: true });
    await client.end();
  });

  it('is shared by processes that start at the same moment, and outlives them', async () => {
    const [one, two, three] = await Promise.all([openClaims('shared'), openClaims('shared'), openClaims('shared')]);
    const claimed = { tenantId: 'ten_a', key: 'k', requestHash: 'h', at: '2026-01-01T00:00:00.000Z' };
    const claims = await Promise.all([one, two, three].map((it) => it.claim(claimed)));
    expect(new Set(claims.map(({ seed }) => seed)).size).toBe(1);
    await one.settle(claimed, { status: 202, body: '{}' }, 'soon');
    const later = await openClaims('shared');
    expect(await later.claim(claimed)).toMatchObject({ seed: claims[0]?.seed, answer: { status: 202, body: '{}' } });
  });
});
