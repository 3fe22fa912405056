import { sentences } from '@strata/testing/event-sourcing';
import { CreateKey, RevokeKey, UNLIMITED, key } from './key.js';
import type { KeyEvent } from './key.js';

const at = '2026-01-01T00:00:00.000Z';
const meta = { commandId: '', at, tenantId: 'ten_a', actor: 'user_a', correlationId: 'req_1', causationId: 'req_1' };
const owner = { userId: 'user_a', tenantId: 'ten_a', role: 'operator', kind: 'key' } as const;
const grant = { hash: 'h1', name: 'laptop', ...owner, ...UNLIMITED } as const;
const create = new CreateKey({ keyId: 'key_1', ...grant }, meta);
const revoke = new RevokeKey({ keyId: 'key_1', reason: 'lost' }, meta);
const created: KeyEvent = { type: 'KeyCreated', data: { keyId: 'key_1', ...grant, at } };
const revoked: KeyEvent = { type: 'KeyRevoked', data: { keyId: 'key_1', reason: 'lost', at } };

const { given } = sentences(key);

describe('a key', () => {
  it('is created', () => given().when(create).then(created));
  it('is created once', () => given(created).when(create).changesNothing());
  it('keeps its secret', () =>
    given(created)
      .when(new CreateKey({ keyId: 'key_1', ...grant, hash: 'h2' }, meta))
      .isRejected('key.exists'));
  it('is revoked', () => given(created).when(revoke).then(revoked));
  it('is revoked once', () => given(created, revoked).when(revoke).changesNothing());
  it('never comes back', () => given(created, revoked).when(create).isRejected('key.exists'));
  it('that is not there cannot be revoked', () => given().when(revoke).isRejected('key.not-found'));
});
