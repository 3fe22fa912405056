import { Injectable, Logger } from '@nestjs/common';
import type { Meta } from '@strata/event-sourcing';
import { Aggregates, Clock, EventStore, streamName } from '@strata/event-store';
import type { Recorded, Subscription } from '@strata/event-store';
import { Sealing } from '@strata/sealing';
import { v5 as uuidFrom, v7 } from 'uuid';
import { Commands } from './commands.service.js';
import { RevokeKey, key } from './key/key.js';
import type { KeyRow } from './key/key.view.js';
import { RemoveMember, membership } from './tenant/membership.js';
import type { MembershipEvent } from './tenant/membership.js';
import type { TenantEvent } from './tenant/tenant.js';
import { DeleteUser, user } from './user/user.js';
import type { UserEvent } from './user/user.js';
import { Views } from './views.js';

type Ending = Recorded<UserEvent | MembershipEvent | TenantEvent>;

const ENDS = new Set(['RoleRevoked', 'UserPasswordSet', 'UserDeleted', 'TenantDeleted']);
const PAGE = 500;
const HOUR_MS = 3_600_000;
/** How long an expired key is shown before it is revoked and forgotten. */
const SHOWN_MS = 24 * HOUR_MS;

/**
 * What follows from an end, whatever happens to the process that brought it about: keys are revoked by name in the log,
 * users of a deleted tenant are deleted, and the key of a deleted user's personal data is forgotten. That nobody gets in any
 * more does not wait for it: the key ring knows at once.
 */
@Injectable()
export class Aftermath {
  readonly #logger = new Logger(Aftermath.name);
  #subscription: Subscription | undefined;
  #stopSweep = () => {};
  #sweeping: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: EventStore,
    private readonly aggregates: Aggregates,
    private readonly commands: Commands,
    private readonly views: Views,
    private readonly sealing: Sealing,
    private readonly clock: Clock,
  ) {}

  async start(): Promise<void> {
    this.#subscription = await this.store.subscribe({
      name: 'aftermath',
      from: 'start',
      effect: 'outside',
      concerns: ({ type }) => ENDS.has(type),
      handle: async (batch) => {
        // `concerns` has chosen them by these types.
        for (const event of batch) await this.#settle(event as Ending);
      },
    });
    this.#sweep();
  }

  async stop(): Promise<void> {
    this.#stopSweep();
    await this.#sweeping;
    await this.#subscription?.stop();
  }

  /** Resolves once what follows from the event at this position is done; after a while without it, as it goes on anyway. */
  async waitFor(position: number): Promise<void> {
    await this.#subscription?.waitFor(position).catch((error: unknown) => this.#logger.warn(String(error)));
  }

  async #settle(event: Ending): Promise<void> {
    await Promise.all([this.views.keys, this.views.users].map((view) => view.waitFor(event.position)));
    switch (event.type) {
      case 'RoleRevoked': {
        const { tenantId, userId } = event.data;
        return this.#revoke(event, { userId }, (row) => row.tenantId === tenantId, 'the role was revoked');
      }
      case 'UserPasswordSet': {
        const { userId, keptSession } = event.data;
        const isOther = (row: KeyRow) => row.kind === 'session' && row.keyId !== keptSession;
        return this.#revoke(event, { userId }, isOther, 'the password was set');
      }
      case 'UserDeleted':
        return this.#bury(event, event.data.userId);
      case 'TenantDeleted':
        return this.#dissolve(event, event.data.tenantId);
      default:
        return undefined;
    }
  }

  async #bury(event: Ending, userId: string): Promise<void> {
    await this.sealing.forget(userId);
    await this.#revoke(event, { userId }, () => true, 'the user was deleted');
    const { rows } = await this.views.users.list({ where: { userId }, limit: PAGE });
    for (const { tenantId } of rows) {
      const command = new RemoveMember({ tenantId, userId }, this.#meta(event, tenantId, userId));
      await this.commands.execute(membership, tenantId, command);
    }
  }

  async #dissolve(event: Ending, tenantId: string): Promise<void> {
    const { state } = await this.aggregates.load(membership, streamName(membership, tenantId, tenantId));
    for (const userId of state.roles.keys()) {
      const command = new RemoveMember({ tenantId, userId }, this.#meta(event, tenantId, userId));
      await this.commands.execute(membership, tenantId, command);
    }
    for (let after: string | undefined; ;) {
      const part = { limit: PAGE, ...(after !== undefined && { after }) };
      const { rows, next } = await this.views.users.of(tenantId).list(part);
      for (const { userId, own } of rows) {
        if (!own) continue;
        const command = new DeleteUser({ tenantId, userId }, this.#meta(event, tenantId, `${userId} itself`));
        await this.commands.execute(user, userId, command);
      }
      if (next === undefined) return;
      after = next;
    }
  }

  /** Keys that were made after the event are none of its business. */
  async #revoke(event: Ending, where: object, isMeant: (row: KeyRow) => boolean, reason: string): Promise<void> {
    for (let after: string | undefined; ;) {
      const part = { where, limit: PAGE, ...(after !== undefined && { after }) };
      const { rows, next } = await this.views.keys.list(part);
      for (const row of rows) {
        if (row.since > event.position || !isMeant(row)) continue;
        const { keyId, tenantId } = row;
        await this.commands.execute(key, keyId, new RevokeKey({ keyId, reason }, this.#meta(event, tenantId, keyId)));
      }
      if (next === undefined) return;
      after = next;
    }
  }

  /** The same event makes the same commands, however often it is told. */
  #meta(event: Ending, tenantId: string, about: string): Meta {
    return {
      commandId: uuidFrom(`${tenantId} ${about}`, event.id),
      at: this.clock.now(),
      tenantId,
      actor: 'process:aftermath',
      correlationId: event.meta.correlationId,
      causationId: event.id,
    };
  }

  /** Keys that expired a day ago leave the lists, and their end is in the log like every other. */
  #sweep() {
    this.#sweeping = this.#revokeExpired().catch((error: unknown) => {
      this.#logger.warn(`expired keys stay for another hour: ${String(error)}`);
    });
    this.#stopSweep = this.clock.after(HOUR_MS, () => this.#sweep());
  }

  async #revokeExpired(): Promise<void> {
    const now = this.clock.now();
    const before = new Date(Date.parse(now) - SHOWN_MS).toISOString();
    const { rows } = await this.views.keys.list({ orderBy: ['expiresAt'], limit: PAGE });
    const correlationId = `sweep_${now}`;
    const cause = { at: now, actor: 'process:aftermath', correlationId, causationId: correlationId };
    for (const { keyId, tenantId, expiresAt } of rows) {
      if (expiresAt === null || expiresAt > before) return;
      const meta = { commandId: v7(), tenantId, ...cause };
      await this.commands.execute(key, keyId, new RevokeKey({ keyId, reason: 'it has expired' }, meta));
    }
  }
}
