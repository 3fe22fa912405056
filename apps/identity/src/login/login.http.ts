import { Controller } from '@nestjs/common';
import { login } from '@strata/contracts';
import type { AnswerOf } from '@strata/contracts';
import { Asked, Implement, problem } from '@strata/http';
import { Sealing } from '@strata/sealing';
import { Commands, beside } from '../commands.service.js';
import { hashOf, makeCredential, textOf } from '../credential.js';
import { CreateKey, RevokeKey, UNLIMITED, key } from '../key/key.js';
import { KeyRing } from '../key/key-ring.view.js';
import { Passwords } from '../passwords.js';
import type { Member } from '../tenant/members.view.js';
import { People } from '../user/people.service.js';
import { Users } from '../user/users.service.js';
import { Attempts } from './attempts.service.js';

const SESSION_MS = 12 * 3_600_000;
/** Who logs in once more ends the oldest. */
const MOST_SESSIONS = 20;

type Login = AnswerOf<typeof login.login>;

@Controller()
export class LoginHttp {
  constructor(
    private readonly commands: Commands,
    private readonly ring: KeyRing,
    private readonly people: People,
    private readonly users: Users,
    private readonly passwords: Passwords,
    private readonly attempts: Attempts,
    private readonly sealing: Sealing,
  ) {}

  /** Nothing is kept of those who do not get in, and nothing tells them which part was wrong. */
  @Implement(login.login)
  async login(@Asked(login.login) { body, peer, meta }: Asked<typeof login.login>): Promise<Login> {
    // A tenant that does not exist has no users: what is asked next is the same.
    const tenantId = this.ring.members.tenantId(body.tenant) ?? 'none';
    const from = { tenantId, user: body.user, peer };
    const userId = await this.attempts.at(from, () => this.#recognize(tenantId, body.user, body.password));
    const place = userId === undefined ? undefined : this.#placeOf(userId, tenantId);
    if (userId === undefined || place === undefined) {
      throw failed();
    }
    return this.#begin(userId, place, { ...meta, tenantId: place.tenantId, actor: userId }, peer);
  }

  async #recognize(tenantId: string, nameOrEmail: string, password: string): Promise<string | undefined> {
    const userId = await this.people.find(tenantId, nameOrEmail);
    const hash = await this.people.passwordOf(tenantId, userId);
    return (await this.passwords.verify(hash, password)) ? userId : undefined;
  }

  /** The own tenant, where the user has a role in it. */
  #placeOf(userId: string, home: string): Member | undefined {
    const places = this.ring.members.placesOf(userId);
    return places.find(({ tenantId }) => tenantId === home) ?? places[0];
  }

  async #begin(userId: string, place: Member, meta: Asked<typeof login.login>['meta'], peer: string): Promise<Login> {
    const { tenantId, role = 'viewer' } = place;
    const credential = makeCredential();
    const { keyId, secret } = credential;
    const expiresAt = new Date(Date.parse(meta.at) + SESSION_MS).toISOString();
    const from = await this.sealing.seal(userId, 'address', peer);
    const grant = { userId, tenantId, role, name: 'login', kind: 'session', ...UNLIMITED, expiresAt, from } as const;
    await this.commands.execute(key, keyId, new CreateKey({ keyId, hash: hashOf(secret), ...grant }, meta));
    if (!this.ring.isGood(keyId)) {
      // The role was taken away in the same moment: the session must not wait until it is given back.
      const reason = 'the role was revoked';
      await this.commands.execute(key, keyId, new RevokeKey({ keyId, reason }, beside(meta, 'lost')));
      throw failed();
    }
    await this.#endOldest(place, meta);
    const home = this.ring.members.homeOf(userId) ?? tenantId;
    const { name } = await this.users.show(tenantId, { userId, home, role });
    const tenants = this.ring.members
      .placesOf(userId)
      .map((it) => ({ id: it.tenantId, name: this.ring.members.nameOf(it.tenantId) ?? '', role: it.role ?? 'viewer' }));
    return { key: textOf(credential), keyId, expiresAt, userId, name, tenantId, role, tenants };
  }

  async #endOldest({ tenantId, userId }: Member, meta: Asked<typeof login.login>['meta']) {
    const sessions = this.ring.keysOf(tenantId, userId, 'session');
    for (const keyId of sessions.slice(0, Math.max(0, sessions.length - MOST_SESSIONS))) {
      const reason = `the user has more than ${MOST_SESSIONS} sessions`;
      await this.commands.execute(key, keyId, new RevokeKey({ keyId, reason }, beside(meta, keyId)));
    }
  }
}

const failed = () => problem('login.failed', 'there is no such user, or the password is another one');
