import { Injectable } from '@nestjs/common';
import { isAtLeast } from '@strata/contracts';
import type { Role, UserView } from '@strata/contracts';
import type { Moment } from '@strata/event-store';
import { Moments, problem } from '@strata/http';
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
    private readonly moments: Moments,
  ) {}

  /**
   * Another tenant's user is as unknown as one that does not exist. A name leads to the one who has it now: with a user's
   * personal data its name is forgotten for all times. @throws ProblemError `user.not-found`
   */
  async find({ tenantId, role }: Principal, idOrName: string, moment?: Moment): Promise<Found> {
    const userId = idOrName.startsWith('user_') ? idOrName : await this.people.find(tenantId, idOrName);
    const { home, there } = userId === undefined ? {} : await this.#placesOf(tenantId, userId, moment);
    const isVisible = home === tenantId || there !== undefined || role === 'platform-administrator';
    if (userId === undefined || home === undefined || !isVisible) {
      throw problem('user.not-found', `there is no user "${idOrName}"`);
    }
    return { userId, home, role: there };
  }

  /** Administrators see everybody, others themselves. @throws ProblemError `user.not-found` */
  async findFor(principal: Principal, idOrName: string, moment?: Moment): Promise<Found> {
    const it = await this.find(principal, idOrName, moment);
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

  async list(tenantId: string, moment: Moment, part: Readonly<{ limit: number; after?: string }>) {
    const users = await moment.rows(this.views.users, tenantId);
    const { rows, next, position } = await users.list({ orderBy: ['createdAt'], ...part });
    return { rows: await this.#shown(rows, moment), next, position };
  }

  async show(tenantId: string, it: Found): Promise<UserView> {
    return (await this.showAt(tenantId, it, await this.moments.now())).view;
  }

  async showAt(tenantId: string, { userId, home, role }: Found, moment: Moment) {
    const { row, position } = await (await moment.rows(this.views.users, tenantId)).look(rowOf(tenantId, userId));
    const there = row ?? (await (await moment.rows(this.views.users, home)).get(rowOf(home, userId)));
    const [view] = there ? await this.#shown([{ ...there, role: role ?? null }], moment) : [];
    if (!view) throw problem('user.not-found', `there is no user "${userId}"`);
    return { view, moment: moment.at(position) };
  }

  async #shown(rows: readonly UserRow[], moment: Moment): Promise<readonly UserView[]> {
    const complete = await this.#complete(rows, moment);
    const sealed = complete.flatMap(({ row, own }) => (own ? [{ userId: row.userId, person: own.person }] : []));
    const persons = await this.people.persons(sealed);
    const byUser = new Map(sealed.map(({ userId }, index) => [userId, persons[index]]));
    return complete.flatMap(({ row, home, own }) => {
      const person = byUser.get(row.userId);
      return person && own ? [viewOf(row, home, person, own.canLogIn)] : [];
    });
  }

  /** Who belongs to another tenant is told of by that one. */
  async #complete(rows: readonly UserRow[], moment: Moment) {
    return Promise.all(
      rows.map(async (row) => {
        if (row.own) return { row, home: row.tenantId, own: row.own };
        const home = (await this.#homeOf(row.userId, moment)) ?? row.tenantId;
        const own = (await (await moment.rows(this.views.users, home)).get(rowOf(home, row.userId)))?.own;
        return { row, home, own };
      }),
    );
  }

  /** Now the key ring knows; of the past the users of all tenants are asked, as it would have been. */
  async #placesOf(tenantId: string, userId: string, moment: Moment | undefined) {
    const { members } = this.ring;
    if (!moment?.then) return { home: members.homeOf(userId), there: members.of(tenantId, userId)?.role };
    const here = await (await moment.rows(this.views.users, tenantId)).get(rowOf(tenantId, userId));
    return { home: await this.#homeOf(userId, moment), there: here?.role ?? undefined };
  }

  async #homeOf(userId: string, moment: Moment): Promise<string | undefined> {
    if (!moment.then) return this.ring.members.homeOf(userId);
    const { rows } = await (await moment.allRows(this.views.users)).list({ where: { userId } });
    return rows.find(({ own }) => own)?.tenantId;
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
