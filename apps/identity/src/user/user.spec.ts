import { sentences } from '@strata/testing/event-sourcing';
import { CreateUser, DeleteUser, SetPassword, user } from './user.js';
import type { UserEvent } from './user.js';

const at = '2026-01-01T00:00:00.000Z';
const meta = { commandId: '', at, tenantId: 'ten_a', actor: 'user_a', correlationId: 'req_1', causationId: 'req_1' };
const one = { tenantId: 'ten_a', userId: 'user_1' };
const create = new CreateUser({ ...one, person: 'sealed' }, meta);
const setPassword = new SetPassword({ ...one, password: 'sealed hash', keptSession: null }, meta);
const remove = new DeleteUser(one, meta);
const created: UserEvent = { type: 'UserCreated', data: { ...one, person: 'sealed', at } };
const passwordSet: UserEvent = {
  type: 'UserPasswordSet',
  data: { ...one, password: 'sealed hash', keptSession: null, at },
};
const deleted: UserEvent = { type: 'UserDeleted', data: { ...one, at } };

const { given } = sentences(user);

describe('a user', () => {
  it('is created', () => given().when(create).then(created));
  it('is created once', () => given(created).when(create).changesNothing());
  it('gets a password', () => given(created).when(setPassword).then(passwordSet));
  it('that is not there gets none', () => given().when(setPassword).isRejected('user.not-found'));
  it('is deleted', () => given(created, passwordSet).when(remove).then(deleted));
  it('is deleted once', () => given(created, deleted).when(remove).changesNothing());
  it('that is not there cannot be deleted', () => given().when(remove).isRejected('user.not-found'));
  it('never comes back', () => {
    given(created, deleted).when(create).isRejected('user.not-found');
    given(created, deleted).when(setPassword).isRejected('user.not-found');
  });
  it('is not in the state any more when it is deleted', () =>
    expect(given(created, passwordSet, deleted).state).toEqual({ phase: 'deleted' }));
  it('stays when it is the first administrator', () =>
    given({ ...created, data: { ...created.data, userId: 'user_admin' } })
      .when(new DeleteUser({ tenantId: 'ten_default', userId: 'user_admin' }, meta))
      .isRejected('user.protected'));
});
