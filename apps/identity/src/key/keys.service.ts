import { Injectable } from '@nestjs/common';
import { isAtLeast } from '@strata/contracts';
import type { KeyView } from '@strata/contracts';
import { Clock, streamName } from '@strata/event-store';
import type { Listing, Moment } from '@strata/event-store';
import { problem } from '@strata/http';
import type { Principal } from '@strata/http';
import { Sealing } from '@strata/sealing';
import { membership } from '../tenant/membership.js';
import { Views } from '../views.js';
import { KeyRing } from './key-ring.view.js';
import type { KeyColumn, KeyRow } from './key.view.js';

/** Which keys somebody may see, and what is shown of them. */
@Injectable()
export class Keys {
  constructor(
    private readonly ring: KeyRing,
    private readonly views: Views,
    private readonly sealing: Sealing,
    private readonly clock: Clock,
  ) {}

  /** Administrators see all keys of the tenant, others their own. @throws ProblemError `key.not-found`, `key.ambiguous` */
  async find(
    principal: Principal,
    idOrName: string,
    asked: Moment,
  ): Promise<Readonly<{ row: KeyRow; moment: Moment }>> {
    const { tenantId, userId, role, keyId } = principal;
    // A session may act elsewhere than where it was begun; it still knows itself.
    const where = idOrName === keyId ? (this.ring.tenantOf(keyId) ?? tenantId) : tenantId;
    const rows = await asked.rows(this.views.keys, where);
    const { row, position: seenAt } = await rows.look(idOrName);
    if (row && (row.userId === userId || isAtLeast(role, 'admin'))) return { row, moment: asked.at(seenAt) };
    const { rows: named, position } = await rows.list({ where: { name: idOrName, userId }, limit: 2 });
    if (named.length > 1) throw problem('key.ambiguous', `several of your keys are called "${idOrName}"`);
    if (!named[0]) throw problem('key.not-found', `there is no key "${idOrName}"`);
    return { row: named[0], moment: asked.at(position) };
  }

  async list(tenantId: string, moment: Moment, listing: Listing<KeyColumn>) {
    const keys = await moment.rows(this.views.keys, tenantId);
    const { rows, next, position } = await keys.list({ orderBy: ['createdAt'], ...listing });
    return { rows: await this.#shown(rows, moment), next, position };
  }

  async show(row: KeyRow, moment: Moment): Promise<KeyView> {
    const [view] = await this.#shown([row], moment);
    if (!view) throw new Error('a row is shown as one view');
    return view;
  }

  async #shown(rows: readonly KeyRow[], moment: Moment): Promise<readonly KeyView[]> {
    const begun = rows.flatMap(({ keyId, userId, from }) => (from === null ? [] : [{ keyId, userId, from }]));
    const addresses = await this.sealing.unsealAll(
      begun.map(({ userId, from }) => ({ subject: userId, purpose: 'address', text: from })),
    );
    const byKey = new Map(begun.map(({ keyId }, index) => [keyId, addresses[index]]));
    return Promise.all(rows.map((row) => this.#view(row, byKey.get(row.keyId), moment)));
  }

  /** Now the key ring knows; of the past it is told by the role that the user had then. */
  async #isGood({ keyId, tenantId, userId }: KeyRow, moment: Moment): Promise<boolean> {
    if (!moment.then) return this.ring.isGood(keyId);
    const { roles } = await moment.state(membership, streamName(membership, tenantId, tenantId));
    return roles.has(userId);
  }

  async #view(row: KeyRow, from: string | undefined, moment: Moment): Promise<KeyView> {
    const { keyId, name, createdAt, kind, userId, tenantId, role, readOnly, only, expiresAt } = row;
    const isOver = expiresAt !== null && expiresAt <= (moment.then ? (moment.then.time ?? '') : this.clock.now());
    return {
      id: keyId,
      name,
      status: isOver ? 'expired' : (await this.#isGood(row, moment)) ? 'active' : 'revoked',
      task: null,
      statusReason: null,
      createdAt,
      labels: {},
      kind,
      userId,
      tenantId,
      role,
      readOnly,
      only: only && [...only],
      expiresAt,
      createdFrom: from ?? null,
      lastUsedAt: moment.then ? null : (this.ring.lastUsed(keyId) ?? null),
    };
  }
}
