import { sentences } from '@strata/testing/event-sourcing';
import { CreateTenant, DeleteTenant, tenant } from './tenant.js';
import type { TenantEvent } from './tenant.js';

const at = '2026-01-01T00:00:00.000Z';
const meta = { commandId: '', at, tenantId: 'ten_a', actor: 'user_a', correlationId: 'req_1', causationId: 'req_1' };
const create = (tenantId: string, name: string) => new CreateTenant({ tenantId, name }, meta);
const remove = (tenantId: string) => new DeleteTenant({ tenantId }, meta);
const created = (tenantId: string, name: string): TenantEvent => ({
  type: 'TenantCreated',
  data: { tenantId, name, at },
});
const deleted = (tenantId: string): TenantEvent => ({ type: 'TenantDeleted', data: { tenantId, at } });

const { given } = sentences(tenant);

describe('a tenant', () => {
  it('is created', () => given().when(create('ten_a', 'acme')).then(created('ten_a', 'acme')));
  it('is created once', () => given(created('ten_a', 'acme')).when(create('ten_a', 'acme')).changesNothing());
  it('has a name of its own', () =>
    given(created('ten_a', 'acme')).when(create('ten_b', 'acme')).isRejected('tenant.name-taken'));
  it('has an id of its own', () =>
    given(created('ten_a', 'acme')).when(create('ten_a', 'other')).isRejected('tenant.exists'));
  it('is not the platform', () => given().when(create('ten_platform', 'acme')).isRejected('tenant.exists'));
  it('is deleted', () => given(created('ten_a', 'acme')).when(remove('ten_a')).then(deleted('ten_a')));
  it('is deleted once', () => given(created('ten_a', 'acme'), deleted('ten_a')).when(remove('ten_a')).changesNothing());
  it('that is not there cannot be deleted', () => given().when(remove('ten_a')).isRejected('tenant.not-found'));
  it('leaves its name to others when it is deleted', () =>
    given(created('ten_a', 'acme'), deleted('ten_a')).when(create('ten_b', 'acme')).then(created('ten_b', 'acme')));
  it('leaves its id to nobody', () =>
    given(created('ten_a', 'acme'), deleted('ten_a')).when(create('ten_a', 'acme')).isRejected('tenant.exists'));
  it('stays when the first administrator is in it', () =>
    given(created('ten_default', 'default')).when(remove('ten_default')).isRejected('tenant.protected'));
});
