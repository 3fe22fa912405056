import { Logger } from '@nestjs/common';
import { isAtLeast } from '@strata/contracts';
import type { Role } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import type { Clock, EventLog, Recorded } from '@strata/event-store';
import { Principals } from '@strata/http';
import type { Principal } from '@strata/http';
import { isSecretOf, parseCredential } from '../credential.js';
import { Members } from '../tenant/members.view.js';
import type { Member, MemberEvent } from '../tenant/members.view.js';
import type { Grant, KeyEvent } from './key.js';

const BATCH = 1_000;
const SWEEP_MS = 10 * 60_000;

/** A type that is missing here does not compile. */
const TYPES: Readonly<Record<(KeyEvent | MemberEvent)['type'], true>> = {
  KeyCreated: true,
  KeyRevoked: true,
  TenantCreated: true,
  TenantDeleted: true,
  RoleGranted: true,
  RoleRevoked: true,
  UserCreated: true,
  UserPasswordSet: true,
  UserDeleted: true,
};
const types = Object.keys(TYPES);

/** What every request must know of its key, and no more. */
type Held = {
  readonly hash: string;
  readonly member: Member;
  readonly role: Role;
  readonly isSession: boolean;
  readonly limits: Pick<Principal, 'expiresAt' | 'readOnly' | 'only'> | undefined;
  usedAt: string | undefined;
};

/**
 * All keys that are good now, and who may do what where, folded from identity's own log into memory: every request asks.
 * What another process appends is here as soon as the log's doorbell rings, so a revoked key is refused everywhere at once.
 */
export class KeyRing extends Principals {
  readonly members = new Members();
  readonly #keys = new Map<string, Held>();
  readonly #losses = new Set<() => void>();
  readonly #logger = new Logger(KeyRing.name);
  #position = 0;
  #reading: Promise<void> = Promise.resolve();
  #stop = () => {};
  #stopSweep = () => {};

  constructor(
    private readonly log: EventLog,
    private readonly clock: Clock,
  ) {
    super();
  }

  async open(): Promise<void> {
    await this.catchUp();
    this.#stop = this.log.onAppend(() => {
      // The ring stays as it was; the next ring of the doorbell reads on from the same place.
      this.catchUp().catch((error: unknown) => this.#logger.error(`cannot read on: ${String(error)}`));
    });
    // Whatever came between the first look and the doorbell.
    await this.catchUp();
    this.#sweep();
  }

  close(): void {
    this.#stop();
    this.#stopSweep();
  }

  /** How many keys are held. */
  get size(): number {
    return this.#keys.size;
  }

  override async of(bearer: string): Promise<Principal | undefined> {
    const credential = parseCredential(bearer);
    const held = credential && this.#keys.get(credential.keyId);
    if (!held || !isSecretOf(held.hash, credential.secret)) return undefined;
    const now = this.clock.now();
    const { userId, tenantId, role } = held.member;
    if (role === undefined || isOver(held, now)) return undefined;
    held.usedAt = now;
    const atMost = held.isSession ? role : lower(held.role, role);
    return { userId, tenantId, role: atMost, keyId: credential.keyId, ...held.limits };
  }

  override async inTenant(principal: Principal, asked: string): Promise<Principal | undefined> {
    const tenantId = asked === PLATFORM ? asked : this.members.tenantId(asked);
    if (tenantId === undefined) return undefined;
    if (tenantId === principal.tenantId) return principal;
    if (principal.role === 'platform-administrator') return { ...principal, tenantId };
    // A key is for the tenant that it was made in; a session is for wherever its user may be.
    if (!this.isSession(principal.keyId)) return undefined;
    const role = this.members.of(tenantId, principal.userId)?.role;
    return role && { ...principal, tenantId, role };
  }

  override onLoss(listener: () => void): () => void {
    const own = () => listener();
    this.#losses.add(own);
    return () => void this.#losses.delete(own);
  }

  /** Since the process was started. */
  lastUsed(keyId: string): string | undefined {
    return this.#keys.get(keyId)?.usedAt;
  }

  isGood(keyId: string): boolean {
    const held = this.#keys.get(keyId);
    return held?.member.role !== undefined && !isOver(held, this.clock.now());
  }

  isSession(keyId: string): boolean {
    return this.#keys.get(keyId)?.isSession ?? false;
  }

  /** The tenant that a key was made in. */
  tenantOf(keyId: string): string | undefined {
    return this.#keys.get(keyId)?.member.tenantId;
  }

  /** The good keys or sessions of a user in a tenant, the oldest first. */
  keysOf(tenantId: string, userId: string, kind: 'key' | 'session'): readonly string[] {
    const ids = this.members.of(tenantId, userId)?.keys ?? [];
    return ids.filter((id) => this.isGood(id) && this.isSession(id) === (kind === 'session'));
  }

  /** Reads to the head, one reader at a time, so that no event is folded twice or out of order. */
  catchUp(): Promise<void> {
    const read = () => this.#read();
    this.#reading = this.#reading.then(read, read);
    return this.#reading;
  }

  async #read(): Promise<void> {
    for (;;) {
      const events = await this.log.read(this.#position, BATCH, { types });
      let isLoss = false;
      for (const event of events) isLoss = this.#fold(event) || isLoss;
      if (isLoss) for (const listener of this.#losses) queueMicrotask(listener);
      if (events.length < BATCH) return;
    }
  }

  /** Whether somebody may have less now than before. */
  #fold(recorded: Recorded): boolean {
    // The types asked for above are those of keys, tenants, members and users.
    const event = recorded as Recorded<KeyEvent | MemberEvent>;
    this.#position = event.position;
    switch (event.type) {
      case 'KeyCreated':
        this.#add(event.data.keyId, event.data);
        return false;
      case 'KeyRevoked':
        this.#drop(event.data.keyId);
        return true;
      case 'UserPasswordSet':
        this.#endSessions(event.data.userId, event.data.keptSession);
        return true;
      default: {
        const lost = this.members.fold(event);
        for (const member of lost) for (const keyId of member.keys) this.#keys.delete(keyId);
        return lost.length > 0 || event.type === 'RoleGranted';
      }
    }
  }

  /** A key may be told before the role of its user: 0.1.0 knew keys only. Without a role it is good for nothing. */
  #add(keyId: string, { hash, tenantId, userId, role, kind, expiresAt, readOnly, only }: Grant) {
    const member = this.members.prepare(tenantId, userId);
    if (!member) return;
    const limits = {
      ...(expiresAt !== null && { expiresAt }),
      ...(readOnly && { readOnly }),
      ...(only !== null && { only }),
    };
    const hasLimits = Object.keys(limits).length > 0;
    const isSession = kind === 'session';
    const held = { hash, member, role, isSession, limits: hasLimits ? limits : undefined, usedAt: undefined };
    if (isOver(held, this.clock.now())) return;
    this.#keys.set(keyId, held);
    member.keys.push(keyId);
  }

  #drop(keyId: string) {
    const member = this.#keys.get(keyId)?.member;
    this.#keys.delete(keyId);
    if (member) member.keys = member.keys.filter((it) => it !== keyId);
  }

  #endSessions(userId: string, kept: string | null) {
    const ids = this.members.placesOf(userId).flatMap(({ keys }) => keys);
    for (const keyId of ids) if (keyId !== kept && this.isSession(keyId)) this.#drop(keyId);
  }

  /** Expired keys are unknown already; this gives their memory back. */
  #sweep() {
    const now = this.clock.now();
    for (const [keyId, held] of this.#keys) if (isOver(held, now)) this.#drop(keyId);
    this.#stopSweep = this.clock.after(SWEEP_MS, () => this.#sweep());
  }
}

const isOver = ({ limits }: Pick<Held, 'limits'>, now: string) =>
  limits?.expiresAt !== undefined && limits.expiresAt <= now;

const lower = (one: Role, other: Role): Role => (isAtLeast(one, other) ? other : one);
