import { Injectable } from '@nestjs/common';
import { Aggregates, streamName } from '@strata/event-store';
import { problem } from '@strata/http';
import { Sealing, SubjectForgotten } from '@strata/sealing';
import type { Sealed } from '@strata/sealing';
import { z } from 'zod';
import { user } from './user.js';
import type { User } from './user.js';

const Person = z.object({ name: z.string(), email: z.string().nullable(), displayName: z.string().nullable() });
/** Who a user is: personal data, which is sealed wherever it is kept. */
export type Person = z.output<typeof Person>;

/** What is shown of somebody whose key was forgotten: at a time before the erasure, the log still knows that there was one. */
const ERASED: Person = { name: '(erased)', email: null, displayName: null };

/** A name whose user was not created within this belongs to a request that died on the way. */
const ABANDONED_MS = 2 * 60_000;

const NOBODY = 'user_nobody';

/** What users are called, and how they are found by it. Names are unique within a tenant, so that no other learns of them. */
@Injectable()
export class People {
  constructor(
    private readonly sealing: Sealing,
    private readonly aggregates: Aggregates,
  ) {}

  /** @throws ProblemError `user.name-taken` when the request was taken for dead, and somebody else has the name by now */
  seal(userId: string, person: Person): Promise<string> {
    const late = problem('user.name-taken', 'the request came too late: the name was given to somebody else');
    return this.#seal({ subject: userId, purpose: 'person', text: JSON.stringify(person) }, late);
  }

  /** @throws ProblemError `user.not-found` when the user was erased */
  sealPassword(userId: string, hash: string): Promise<string> {
    const erased = problem('user.not-found', 'the user was erased');
    return this.#seal({ subject: userId, purpose: 'password', text: hash }, erased);
  }

  async persons(sealed: readonly Readonly<{ userId: string; person: string }>[]): Promise<readonly Person[]> {
    const texts = await this.sealing.unsealAll(
      sealed.map(({ userId, person }): Sealed => ({ subject: userId, purpose: 'person', text: person })),
    );
    return texts.map((text) => (text === undefined ? ERASED : Person.parse(JSON.parse(text))));
  }

  /** Takes the names of a person for a user. @throws ProblemError `user.name-taken` */
  async take(tenantId: string, userId: string, person: Person, at: string): Promise<void> {
    const names = namesOf(tenantId, person);
    let taken = await this.sealing.name(userId, names, at);
    if (taken.length > 0 && (await this.#abandoned(tenantId, taken, at))) {
      taken = await this.sealing.name(userId, names, at);
    }
    if (taken.length > 0) throw problem('user.name-taken', 'another user of the tenant has this name or address');
  }

  /** @throws ProblemError `user.name-taken` */
  async refuseTaken(tenantId: string, person: Person): Promise<void> {
    for (const name of namesOf(tenantId, person)) {
      if (await this.sealing.find(name)) {
        throw problem('user.name-taken', 'another user of the tenant has this name or address');
      }
    }
  }

  /** The user of a tenant with a name or an e-mail address. */
  async find(tenantId: string, nameOrEmail: string): Promise<string | undefined> {
    return (await this.sealing.find(found(tenantId, nameOrEmail)))?.subject;
  }

  /**
   * What a password has to be compared to. The same is asked of the database whether there is such a user or not, so that
   * the time does not tell.
   */
  async passwordOf(tenantId: string, userId: string = NOBODY): Promise<string | undefined> {
    const { state } = await this.#load(tenantId, userId);
    const text = state.phase === 'active' ? state.password : null;
    // Nobody has no key, so that nothing comes of it.
    return this.sealing.unseal({ subject: text === null ? NOBODY : userId, purpose: 'password', text: text ?? '' });
  }

  async #seal({ subject, purpose, text }: Sealed, otherwise: Error): Promise<string> {
    try {
      return await this.sealing.seal(subject, purpose, text);
    } catch (error) {
      throw error instanceof SubjectForgotten ? otherwise : error;
    }
  }

  async #abandoned(tenantId: string, names: readonly string[], at: string): Promise<boolean> {
    let freed = false;
    for (const name of names) {
      const holder = await this.sealing.find(name);
      if (!holder || Date.parse(at) - Date.parse(holder.since) < ABANDONED_MS) continue;
      const { state } = await this.#load(tenantId, holder.subject);
      if (state.phase !== 'absent') continue;
      await this.sealing.forget(holder.subject);
      freed = true;
    }
    return freed;
  }

  #load(tenantId: string, userId: string): Promise<Readonly<{ state: User }>> {
    return this.aggregates.load(user, streamName(user, userId, tenantId));
  }
}

const found = (tenantId: string, nameOrEmail: string) => `${tenantId} ${nameOrEmail.normalize('NFKC').toLowerCase()}`;

const namesOf = (tenantId: string, { name, email }: Person) =>
  [name, ...(email === null ? [] : [email])].map((it) => found(tenantId, it));
