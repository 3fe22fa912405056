import { Injectable } from '@nestjs/common';
import { isAtLeast } from '@strata/contracts';
import type { KeyView } from '@strata/contracts';
import { Clock } from '@strata/event-store';
import type { Listing } from '@strata/event-store';
import { problem } from '@strata/http';
import type { Principal } from '@strata/http';
import { Sealing } from '@strata/sealing';
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
  async find(principal: Principal, idOrName: string): Promise<KeyRow> {
    await this.views.keys.catchUp();
    const { tenantId, userId, role, keyId } = principal;
    // A session may act elsewhere than where it was begun; it still knows itself.
    const where = idOrName === keyId ? (this.ring.tenantOf(keyId) ?? tenantId) : tenantId;
    const rows = this.views.keys.of(where);
    const row = await rows.get(idOrName);
    if (row && (row.userId === userId || isAtLeast(role, 'admin'))) return row;
    const { rows: named } = await rows.list({ where: { name: idOrName, userId }, limit: 2 });
    if (named.length > 1) throw problem('key.ambiguous', `several of your keys are called "${idOrName}"`);
    if (!named[0]) throw problem('key.not-found', `there is no key "${idOrName}"`);
    return named[0];
  }

  async list(tenantId: string, listing: Listing<KeyColumn>) {
    const { rows, next } = await this.views.keys.of(tenantId).list({ orderBy: ['createdAt'], ...listing });
    return { rows: await this.#shown(rows), next };
  }

  async show(row: KeyRow): Promise<KeyView> {
    const [view] = await this.#shown([row]);
    if (!view) throw new Error('a row is shown as one view');
    return view;
  }

  async #shown(rows: readonly KeyRow[]): Promise<readonly KeyView[]> {
    const begun = rows.flatMap(({ keyId, userId, from }) => (from === null ? [] : [{ keyId, userId, from }]));
    const addresses = await this.sealing.unsealAll(
      begun.map(({ userId, from }) => ({ subject: userId, purpose: 'address', text: from })),
    );
    const byKey = new Map(begun.map(({ keyId }, index) => [keyId, addresses[index]]));
    return rows.map((row) => this.#view(row, byKey.get(row.keyId)));
  }

  #view(row: KeyRow, from: string | undefined): KeyView {
    const { keyId, name, createdAt, kind, userId, tenantId, role, readOnly, only, expiresAt } = row;
    const isOver = expiresAt !== null && expiresAt <= this.clock.now();
    return {
      id: keyId,
      name,
      status: isOver ? 'expired' : this.ring.isGood(keyId) ? 'active' : 'revoked',
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
      lastUsedAt: this.ring.lastUsed(keyId) ?? null,
    };
  }
}
