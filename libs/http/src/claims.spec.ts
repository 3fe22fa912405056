import { startPostgres } from '@strata/embedded-postgres';
import type { Postgres } from '@strata/embedded-postgres';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('is shared by processes that start at the same moment, and outlives them', async () => {
    const [one, two, three] = await Promise.all([openClaims('shared'), openClaims('shared'), openClaims('shared')]);
    const claimed = { tenantId: 'ten_a', key: 'k', requestHash: 'h', at: '2026-01-01T00:00:00.000Z' };
    const claims = await Promise.all([one, two, three].map((it) => it.claim(claimed)));
    expect(new Set(claims.map(({ seed }) => seed)).size).toBe(1);
    await one.settle(claimed, { status: 202, body: '{}' });
    const later = await openClaims('shared');
    expect(await later.claim(claimed)).toMatchObject({ seed: claims[0]?.seed, answer: { status: 202, body: '{}' } });
  });
});
