import { Injectable } from '@nestjs/common';
import { isAtLeast } from '@strata/contracts';
import type { Role, UserView } from '@strata/contracts';
import { problem } from '@strata/http';
import type { Principal } from '@strata/http';
import { KeyRing } from '../key/key-ring.view.js';
import { Views } from '../views.js';
import { People } from './people.service.js';
import type { Person } from './people.service.js';
import { rowOf } from './user.view.js';
import type { UserRow } from './user.view.js';

/** Somebody as seen from the tenant that is acted for. `home` is the tenant that the user belongs to. */
export type Found = Readonly<{ userId: string; home: string; role: Role | undefined }>;

/** Who may see whom, and what is shown of them. */
@Injectable()
export class Users {
  constructor(
    private readonly ring: KeyRing,
    private readonly people: People,
    private readonly views: Views,
  ) {}

  /** Another tenant's user is as unknown as one that does not exist. @throws ProblemError `user.not-found` */
  async find({ tenantId, role }: Principal, idOrName: string): Promise<Found> {
    const { members } = this.ring;
    const userId = idOrName.startsWith('user_') ? idOrName : await this.people.find(tenantId, idOrName);
    const home = userId === undefined ? undefined : members.homeOf(userId);
    const there = userId === undefined ? undefined : members.of(tenantId, userId)?.role;
    const isVisible = home === tenantId || there !== undefined || role === 'platform-administrator';
    if (userId === undefined || home === undefined || !isVisible) {
      throw problem('user.not-found', `there is no user "${idOrName}"`);
    }
    return { userId, home, role: there };
  }

  /** Administrators see everybody, others themselves. @throws ProblemError `user.not-found` */
  async findFor(principal: Principal, idOrName: string): Promise<Found> {
    const it = await this.find(principal, idOrName);
    if (it.userId === principal.userId || isAtLeast(principal.role, 'admin')) return it;
    throw problem('user.not-found', `there is no user "${idOrName}"`);
  }

  /**
   * What is the whole user's (its password, its end) is for those who may do all that it may do: an administrator of its
   * own tenant, of no lower role, and only as long as it has no role elsewhere.
   * @throws ProblemError `user.elsewhere`, `auth.forbidden`
   */
  refuseUnlessOwn({ tenantId, role }: Principal, { userId, home }: Found): void {
    if (role === 'platform-administrator') return;
    const places = this.ring.members.placesOf(userId);
    if (home !== tenantId) throw problem('user.elsewhere', 'the user belongs to another tenant');
    if (places.some((place) => place.tenantId !== tenantId)) {
      throw problem('user.elsewhere', 'the user has a role in another tenant, too');
    }
    if (!isAtLeast(role, 'admin')) throw problem('auth.forbidden', `this needs the role admin; yours is ${role}`);
    const above = places.find((place) => place.role && !isAtLeast(role, place.role));
    if (above) throw problem('auth.forbidden', `the user is ${above.role}, which is above your own role, ${role}`);
  }

  async list(tenantId: string, part: Readonly<{ limit: number; after?: string }>) {
    const { rows, next } = await this.views.users.of(tenantId).list({ orderBy: ['createdAt'], ...part });
    return { rows: await this.#shown(rows), next };
  }

  async show(tenantId: string, { userId, home, role }: Found): Promise<UserView> {
    await this.views.users.catchUp();
    const here = await this.views.users.of(tenantId).get(rowOf(tenantId, userId));
    const there = here ?? (await this.views.users.of(home).get(rowOf(home, userId)));
    const [view] = there ? await this.#shown([{ ...there, role: role ?? null }]) : [];
    if (!view) throw problem('user.not-found', `there is no user "${userId}"`);
    return view;
  }

  async #shown(rows: readonly UserRow[]): Promise<readonly UserView[]> {
    const complete = await this.#complete(rows);
    const sealed = complete.flatMap(({ row, own }) => (own ? [{ userId: row.userId, person: own.person }] : []));
    const persons = await this.people.persons(sealed);
    const byUser = new Map(sealed.map(({ userId }, index) => [userId, persons[index]]));
    return complete.flatMap(({ row, home, own }) => {
      const person = byUser.get(row.userId);
      return person && own ? [viewOf(row, home, person, own.canLogIn)] : [];
    });
  }

  /** Who belongs to another tenant is told of by that one. */
  async #complete(rows: readonly UserRow[]) {
    return Promise.all(
      rows.map(async (row) => {
        const home = row.own ? row.tenantId : (this.ring.members.homeOf(row.userId) ?? row.tenantId);
        const own = row.own ?? (await this.views.users.of(home).get(rowOf(home, row.userId)))?.own;
        return { row, home, own };
      }),
    );
  }
}

const viewOf = ({ userId, role, createdAt }: UserRow, home: string, person: Person, canLogIn: boolean): UserView => ({
  id: userId,
  name: person.name,
  status: 'active',
  task: null,
  statusReason: null,
  createdAt,
  labels: {},
  email: person.email,
  displayName: person.displayName,
  role,
  tenantId: home,
  canLogIn,
});
