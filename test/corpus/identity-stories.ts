import { MemoryEventStore } from '@strata/event-store';
import type { EventLog, EventStore } from '@strata/event-store';
import { MasterKey, MemorySubjectKeys } from '@strata/sealing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Identity, PASSWORD } from '../../apps/identity/src/identity.fixtures.js';

/** Stories in which every event of identity happens, with everything that an event can say. */
export const tellIdentityStories = async (
  log: EventLog,
  store: () => EventStore = () => new MemoryEventStore(log),
): Promise<void> => {
  const home = await mkdtemp(join(tmpdir(), 'strata-corpus-'));
  const left = { home, subjects: new MemorySubjectKeys(), master: MasterKey.random() };
  try {
    const first = await Identity.open({ ...left, store: store() });
    await first.close();
    // The file of the first administrator is lost: its key is revoked, and another one takes its place.
    await rm(join(home, 'credentials.json'));
    const second = await Identity.open({ ...left, store: store() });
    await tellOfATenant(second);
    await second.close();
  } finally {
    await rm(home, { recursive: true });
  }
};

/** A tenant from its first owner to its end. */
const tellOfATenant = async (cloud: Identity): Promise<void> => {
  const acme = await cloud.tenant('acme');
  const olga = await cloud.user(acme, 'owner', 'olga', { email: 'olga@acme.example', password: PASSWORD });
  const bob = await cloud.user(acme, 'viewer', 'bob', { displayName: 'Bob' });

  const { body: session } = await cloud.login('olga', PASSWORD, { tenant: 'acme' });
  const change = { password: `${PASSWORD} again`, current: PASSWORD };
  await cloud.get(String(session['key']), 'PUT /v1/users/olga/password', { body: change });
  await cloud.get(olga.key, 'PUT /v1/users/bob/password', { body: { password: PASSWORD } });

  const limits = { role: 'viewer', readOnly: true, only: ['keys'], expiresAt: '2026-02-01T00:00:00.000Z' };
  const limited = await cloud.get(olga.key, 'POST /v1/keys', { body: { name: 'limited', ...limits } });
  await cloud.get(olga.key, `DELETE /v1/keys/${String(limited['id'])}`);

  await cloud.get(olga.key, 'PUT /v1/users/bob/role', { body: { role: 'operator' } });
  await cloud.get(olga.key, 'DELETE /v1/users/bob/role');
  await cloud.get(olga.key, `DELETE /v1/users/${bob.userId}`);
  await cloud.get(cloud.admin, `DELETE /v1/tenants/${acme}`);
  // What follows from it goes on by itself, and belongs to the story.
  await cloud.until('the owner is deleted', async () => {
    const deleted = await cloud.store.log.read(0, 1_000, { types: ['UserDeleted'] });
    return deleted.length === 2;
  });
  await cloud.settled();
};
