import { Injectable } from '@nestjs/common';
import type { Role, UserSpec, UserView } from '@strata/contracts';
import type { Meta } from '@strata/event-sourcing';
import { Aggregates, streamName } from '@strata/event-store';
import { problem } from '@strata/http';
import type { Principal } from '@strata/http';
import { Commands, beside } from '../commands.service.js';
import { Attempts } from '../login/attempts.service.js';
import { Passwords, TooBusy } from '../passwords.js';
import { GrantRole, RemoveMember, membership } from '../tenant/membership.js';
import { People } from './people.service.js';
import { CreateUser, SetPassword, user } from './user.js';
import { Users } from './users.service.js';
import type { Found } from './users.service.js';

type Asking = Readonly<{ meta: Meta; by: Role; validateOnly: boolean }>;
type Given = Readonly<{ password: string; current?: string | undefined; keptSession: string | null }>;

/** What takes more than one step: a user with its name, password and role, and a password that takes another's place. */
@Injectable()
export class NewUsers {
  constructor(
    private readonly commands: Commands,
    private readonly aggregates: Aggregates,
    private readonly people: People,
    private readonly users: Users,
    private readonly passwords: Passwords,
    private readonly attempts: Attempts,
  ) {}

  /** Asked again with the same key after it broke off, it goes on where it was. */
  async create(userId: string, spec: UserSpec, { meta, by, validateOnly }: Asking): Promise<UserView> {
    const { tenantId, at } = meta;
    const { name, email = null, displayName = null, role } = spec;
    const person = { name, email, displayName };
    const grant = role && new GrantRole({ tenantId, userId, role, by }, beside(meta, 'role'));
    if (grant) await this.commands.check(membership, tenantId, grant);
    if (validateOnly) {
      await this.people.refuseTaken(tenantId, person);
      const thing = { id: userId, name, status: 'active', task: null, statusReason: null, createdAt: at, labels: {} };
      return { ...thing, email, displayName, role: role ?? null, tenantId, canLogIn: spec.password !== undefined };
    }
    const sealed = await this.people.seal(userId, person);
    await this.people.take(tenantId, userId, person, at);
    await this.commands.execute(user, userId, new CreateUser({ tenantId, userId, person: sealed }, meta));
    if (spec.password !== undefined) {
      await this.#set({ tenantId, userId }, { password: spec.password, keptSession: null }, beside(meta, 'password'));
    }
    if (grant) await this.commands.execute(membership, tenantId, grant);
    return this.users.show(tenantId, { userId, home: tenantId, role });
  }

  /**
   * Who changes the own password must know it: a key in wrong hands shall not become a lasting way in. Where there is none
   * yet, or it is another's, it takes the right to do so.
   */
  async setPassword(
    it: Found,
    given: Given,
    { principal, peer, meta, validateOnly }: Readonly<{ principal: Principal; peer: string }> & Omit<Asking, 'by'>,
  ): Promise<void> {
    const { userId, home } = it;
    const present = await this.people.passwordOf(home, userId);
    if (userId !== principal.userId || present === undefined) this.users.refuseUnlessOwn(principal, it);
    else {
      const isRight = await this.attempts.at({ tenantId: home, user: userId, peer }, async () =>
        (await this.passwords.verify(present, given.current ?? '')) ? true : undefined,
      );
      if (!isRight) throw problem('login.failed', 'the current password is another one');
    }
    if (!validateOnly) await this.#set({ tenantId: home, userId }, given, meta);
  }

  async removeIfDeleted({ userId, home }: Found, meta: Meta): Promise<void> {
    const { state } = await this.aggregates.load(user, streamName(user, userId, home));
    if (state.phase === 'active') return;
    const { tenantId } = meta;
    await this.commands.execute(membership, tenantId, new RemoveMember({ tenantId, userId }, beside(meta, 'remove')));
    throw problem('user.not-found', 'the user was deleted just now');
  }

  async #set({ tenantId, userId }: Readonly<{ tenantId: string; userId: string }>, given: Given, meta: Meta) {
    const password = await this.people.sealPassword(userId, await this.#hashed(given.password));
    const { keptSession } = given;
    await this.commands.execute(user, userId, new SetPassword({ tenantId, userId, password, keptSession }, meta));
  }

  async #hashed(password: string): Promise<string> {
    try {
      return await this.passwords.hash(password);
    } catch (error) {
      if (error instanceof TooBusy) throw problem('service.unavailable', error.message);
      throw error;
    }
  }
}
