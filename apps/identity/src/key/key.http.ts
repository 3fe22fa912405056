import { Controller } from '@nestjs/common';
import { api, isAtLeast, keys } from '@strata/contracts';
import type { AnswerOf, Endpoint, KeyView } from '@strata/contracts';
import type { Meta } from '@strata/event-sourcing';
import type { Moment } from '@strata/event-store';
import { Asked, Implement, Moments, problem } from '@strata/http';
import type { Principal } from '@strata/http';
import { Commands, beside } from '../commands.service.js';
import { hashOf, makeCredential, textOf } from '../credential.js';
import { Users } from '../user/users.service.js';
import { KeyRing } from './key-ring.view.js';
import { CreateKey, RevokeKey, key } from './key.js';
import type { Grant } from './key.js';
import { Keys } from './keys.service.js';
import type { KeyRow } from './key.view.js';

const MOST_KEYS = 100;

const nouns = new Set(
  Object.values(api).flatMap((verbs) => Object.values<Endpoint>(verbs).map((endpoint) => endpoint.tag)),
);

@Controller()
export class KeyHttp {
  constructor(
    private readonly commands: Commands,
    private readonly ring: KeyRing,
    private readonly users: Users,
    private readonly keys: Keys,
    private readonly moments: Moments,
  ) {}

  @Implement(keys.list)
  async list(@Asked(keys.list) { query, principal }: Asked<typeof keys.list>) {
    const userId = await this.#whose(principal, query.user, await this.moments.at(query.at));
    return this.moments.page(
      `keys of ${userId ?? 'all'}`,
      query,
      (moment, part) => this.keys.list(principal.tenantId, moment, { ...(userId && { where: { userId } }), ...part }),
      (it) => it,
    );
  }

  @Implement(keys.show)
  async show(@Asked(keys.show) { params, query, principal }: Asked<typeof keys.show>) {
    const { row, moment } = await this.keys.find(principal, params.id, await this.moments.at(query.at));
    return this.moments.shown(await this.keys.show(row, moment), moment);
  }

  @Implement(keys.create)
  async create(@Asked(keys.create) asked: Asked<typeof keys.create>): Promise<AnswerOf<typeof keys.create>> {
    const { body, meta, mint, principal, validateOnly } = asked;
    const userId = body.user === undefined ? principal.userId : await this.#other(principal, body.user);
    const grant = this.#grant(asked, userId);
    const { tenantId } = principal;
    if (this.ring.keysOf(tenantId, userId, 'key').length >= MOST_KEYS) {
      throw problem('key.too-many', `the user has ${MOST_KEYS} keys in this tenant already`);
    }
    const credential = { keyId: mint('key'), secret: makeCredential().secret };
    const { keyId, secret } = credential;
    const command = new CreateKey({ keyId, hash: hashOf(secret), ...grant }, meta);
    const { events } = await this.commands.execute(key, keyId, command, validateOnly);
    if (!validateOnly) await this.#refuseLost(keyId, tenantId, meta);
    const row: KeyRow = { ...grant, keyId, createdAt: meta.at, since: 0 };
    // A request that was sent again after it had broken off made the key the first time, with another secret.
    const isOurs = events.some(({ data }) => 'hash' in data && data.hash === command.data.hash);
    const now = await this.moments.now();
    return { ...(await this.keys.show(row, now)), status: 'active', secret: isOurs ? textOf(credential) : null };
  }

  @Implement(keys.delete)
  async delete(@Asked(keys.delete) asked: Asked<typeof keys.delete>): Promise<KeyView> {
    const { params, meta, principal, validateOnly } = asked;
    const { row, moment } = await this.keys.find(principal, params.id, await this.moments.now());
    const before = await this.keys.show(row, moment);
    this.#refuseAbove(principal, row);
    const { keyId, tenantId } = row;
    const command = new RevokeKey({ keyId, reason: 'it was revoked by hand' }, { ...meta, tenantId });
    await this.commands.execute(key, keyId, command, validateOnly);
    return { ...before, status: 'revoked' };
  }

  /** The user has lost the role in the same moment: the key must not wait until it is given back. */
  async #refuseLost(keyId: string, tenantId: string, meta: Meta) {
    if (this.ring.isGood(keyId)) return;
    const lost = new RevokeKey({ keyId, reason: 'the role was revoked' }, beside(meta, 'lost'));
    await this.commands.execute(key, keyId, lost);
    throw problem('auth.forbidden', `the user has no role in ${tenantId} any more`);
  }

  /** `undefined`: everybody's. */
  async #whose(principal: Principal, asked: string | undefined, moment: Moment): Promise<string | undefined> {
    if (asked === undefined) return principal.userId;
    if (asked !== 'all') return (await this.users.findFor(principal, asked, moment)).userId;
    if (isAtLeast(principal.role, 'admin')) return undefined;
    throw problem('auth.forbidden', `this needs the role admin; yours is ${principal.role}`);
  }

  /** Programs have users of their own, whose keys an administrator makes. */
  async #other(principal: Principal, asked: string): Promise<string> {
    const { userId, role } = await this.users.findFor(principal, asked);
    if (role && !isAtLeast(principal.role, role)) {
      throw problem('auth.forbidden', `the user is ${role}, which is above your own role, ${principal.role}`);
    }
    return userId;
  }

  /** A key may do at most what the key that asks for it may, and for no longer. */
  #grant({ body, principal, meta }: Asked<typeof keys.create>, userId: string): Omit<Grant, 'hash'> {
    const { tenantId } = principal;
    const has = this.ring.members.of(tenantId, userId)?.role;
    if (has === undefined) throw problem('auth.forbidden', 'the user has no role of its own in this tenant');
    const most = isAtLeast(has, principal.role) ? principal.role : has;
    const { name, role = most, readOnly, only = principal.only } = body;
    if (!isAtLeast(most, role))
      throw problem('auth.forbidden', `the role ${role} is above ${most}, the most there is here`);
    const strange = only?.find((noun) => !nouns.has(noun));
    if (strange) throw problem('request.invalid', `"${strange}" is no tag; there are ${[...nouns].join(', ')}`);
    const wider = only?.find((noun) => principal.only && !principal.only.includes(noun));
    if (wider) throw problem('auth.forbidden', `the key that asks is not for ${wider}`);
    return {
      userId,
      tenantId,
      role,
      name,
      kind: 'key',
      readOnly,
      only: only ?? null,
      expiresAt: this.#endOf(body.expiresAt, principal, meta.at),
      from: null,
    };
  }

  /** A session is a person, who may make keys that outlive it; a key that ends makes none that does not. */
  #endOf(asked: string | undefined, { expiresAt, keyId }: Principal, now: string): string | null {
    const most = this.ring.isSession(keyId) ? undefined : expiresAt;
    const end = asked === undefined ? (most ?? null) : new Date(asked).toISOString();
    if (end !== null && end <= now) throw problem('request.invalid', 'expiresAt: the key would have expired already');
    if (end !== null && most !== undefined && end > most) {
      throw problem('auth.forbidden', `the key that asks ends at ${most}; one that it makes cannot end later`);
    }
    return end;
  }

  #refuseAbove({ userId, role }: Principal, row: KeyRow) {
    const has = this.ring.members.of(row.tenantId, row.userId)?.role;
    if (row.userId === userId || !has || isAtLeast(role, has)) return;
    throw problem('auth.forbidden', `the user is ${has}, which is above your own role, ${role}`);
  }
}
