import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';
import { FIRST_USER } from '../tenant/tenant.js';

/** The tenant is the one that the user belongs to, whatever roles it has elsewhere. */
type It = Readonly<{ tenantId: string; userId: string }>;

/** `person` (name, address, display name) and `password` (its hash) are sealed: the log never tells them. */
export class CreateUser extends command('CreateUser')<It & { person: string }> {}
/** `keptSession`: the key of the session that goes on; all other sessions of the user end. */
export class SetPassword extends command('SetPassword')<It & { password: string; keptSession: string | null }> {}
export class DeleteUser extends command('DeleteUser')<It> {}
export type UserCommand = CreateUser | SetPassword | DeleteUser;

export type UserEvent =
  | Event<'UserCreated', It & { person: string; at: string }>
  | Event<'UserPasswordSet', It & { password: string; keptSession: string | null; at: string }>
  | Event<'UserDeleted', It & { at: string }>;

export type User =
  Readonly<{ phase: 'absent' | 'deleted' }> | Readonly<{ phase: 'active'; person: string; password: string | null }>;

const decide = (command: UserCommand, it: User): Decision<UserEvent> => {
  const { at } = command.meta;
  switch (command.type) {
    case 'CreateUser':
      if (it.phase === 'deleted') return reject('user.not-found', 'the user was deleted');
      return it.phase === 'active' ? [] : [{ type: 'UserCreated', data: { ...command.data, at } }];
    case 'SetPassword':
      if (it.phase !== 'active') return reject('user.not-found', 'there is no such user');
      return [{ type: 'UserPasswordSet', data: { ...command.data, at } }];
    case 'DeleteUser':
      if (command.data.userId === FIRST_USER) return reject('user.protected', 'the first administrator stays');
      if (it.phase === 'absent') return reject('user.not-found', 'there is no such user');
      return it.phase === 'deleted' ? [] : [{ type: 'UserDeleted', data: { ...command.data, at } }];
    default:
      return unreachable(command);
  }
};

const evolve = (it: User, event: UserEvent): User => {
  switch (event.type) {
    case 'UserCreated':
      return { phase: 'active', person: event.data.person, password: null };
    case 'UserPasswordSet':
      return it.phase === 'active' ? { ...it, password: event.data.password } : it;
    case 'UserDeleted':
      return { phase: 'deleted' };
    default:
      return unreachable(event);
  }
};

/** People, and programs that act like people. */
export const user: Decider<UserCommand, UserEvent, User> = {
  name: 'user',
  initialState: { phase: 'absent' },
  decide,
  evolve,
};
