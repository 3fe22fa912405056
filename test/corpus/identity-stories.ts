import { MemoryEventStore } from '@strata/event-store';
import type { EventLog, EventStore } from '@strata/event-store';
import { Identity, PASSWORD } from '../../apps/identity/src/identity.fixtures.js';

/** Stories in which every event of identity happens, with everything that an event can say. */
export const tellIdentityStories = async (
  log: EventLog,
  store: () => EventStore = () => new MemoryEventStore(log),
): Promise<void> => {
  const cloud = await Identity.open(store());
  try {
    const tenant = await cloud.tenant('acme');
    const owner = await cloud.user(tenant, 'owner', 'olga', { email: 'olga@example.org', displayName: 'Olga' });
    const guest = await cloud.user(tenant, 'viewer', 'vera');

    // A password, a session of it, and its end.
    await cloud.get(cloud.admin, `PUT /v1/users/${owner.userId}/password`, {
      headers: { 'strata-tenant': tenant },
      body: { password: PASSWORD },
    });
    const { body: session } = await cloud.login('olga', PASSWORD, { tenant: 'acme' });
    await cloud.get(String(session['key']), `PUT /v1/users/${owner.userId}/password`, {
      body: { password: `${PASSWORD} 2`, current: PASSWORD },
    });

    // A key that may do little and ends soon; one that is revoked.
    const expiresAt = new Date(Date.parse(cloud.clock.now()) + 3_600_000).toISOString();
    const little = { name: 'robot', role: 'viewer', readOnly: true, only: ['instances'], expiresAt };
    await cloud.get(owner.key, 'POST /v1/keys', { body: little });
    await cloud.get(owner.key, `DELETE /v1/keys/${owner.keyId}`);

    // Roles change, people leave, and so does the tenant.
    const headers = { 'strata-tenant': tenant };
    await cloud.get(cloud.admin, `PUT /v1/users/${guest.userId}/role`, { headers, body: { role: 'operator' } });
    await cloud.get(cloud.admin, `DELETE /v1/users/${guest.userId}/role`, { headers });
    await cloud.get(cloud.admin, `PUT /v1/users/${guest.userId}/role`, { headers, body: { role: 'viewer' } });
    await cloud.get(cloud.admin, `DELETE /v1/users/${guest.userId}`, { headers });
    await cloud.get(cloud.admin, `DELETE /v1/tenants/${tenant}`);
  } finally {
    await cloud.close();
  }
};
