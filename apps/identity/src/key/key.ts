import type { Role } from '@strata/contracts';
import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';

type It = Readonly<{ keyId: string }>;

/** What a key stands for. `hash` is the SHA-256 of its secret, in base64url; the secret itself is nowhere. */
export type Grant = Readonly<{
  hash: string;
  userId: string;
  tenantId: string;
  /** At most this; less when its user has less. */
  role: Role;
  name: string;
  /** A session comes from a login, and serves all tenants of its user. */
  kind: 'key' | 'session';
  /** It may look and change nothing. */
  readOnly: boolean;
  /** The tags of the endpoints that it may ask; `null`: all of them. */
  only: readonly string[] | null;
  /** RFC 3339. From then on it is unknown. */
  expiresAt: string | null;
  /** The address that a session was begun from, sealed. */
  from: string | null;
}>;

/** All that its user may do, for ever. */
export const UNLIMITED = { readOnly: false, only: null, expiresAt: null, from: null } as const;

export class CreateKey extends command('CreateKey')<It & Grant> {}
export class RevokeKey extends command('RevokeKey')<It & { reason: string }> {}
export type KeyCommand = CreateKey | RevokeKey;

export type CreatedKey = It & Grant & Readonly<{ at: string }>;
export type KeyEvent = Event<'KeyCreated', CreatedKey> | Event<'KeyRevoked', It & { reason: string; at: string }>;

export type Key = Readonly<{ phase: 'absent' | 'revoked' }> | Readonly<{ phase: 'active'; hash: string }>;

const decide = (command: KeyCommand, it: Key): Decision<KeyEvent> => {
  const { at } = command.meta;
  switch (command.type) {
    case 'CreateKey': {
      if (it.phase === 'absent') return [{ type: 'KeyCreated', data: { ...command.data, at } }];
      const isSame = it.phase === 'active' && it.hash === command.data.hash;
      return isSame ? [] : reject('key.exists', 'a key keeps its secret for life: create another one');
    }
    case 'RevokeKey':
      if (it.phase === 'absent') return reject('key.not-found', 'there is no such key');
      return it.phase === 'revoked' ? [] : [{ type: 'KeyRevoked', data: { ...command.data, at } }];
    default:
      return unreachable(command);
  }
};

export const key: Decider<KeyCommand, KeyEvent, Key> = {
  name: 'key',
  initialState: { phase: 'absent' },
  decide,
  evolve: (_it, event) =>
    event.type === 'KeyRevoked' ? { phase: 'revoked' } : { phase: 'active', hash: event.data.hash },
};
