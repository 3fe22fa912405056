import { isAtLeast } from '@strata/contracts';
import type { Cause, Instant, Role } from '@strata/contracts';
import { AsOf } from '@strata/http';
import type { Moments, Principal } from '@strata/http';
import { underOneRoot } from './cause.published.js';
import type { WhyView } from './why.view.js';

/** One service's log, and the role that it takes to be told of it. */
export type Witness = Readonly<{ why: WhyView; moments: Moments; access: Role }>;

/** Asks every service's log why, and answers with one tree. */
export class Reasons {
  constructor(
    /** This service's own: its positions are those that are asked for and answered. */
    private readonly own: Witness,
    private readonly others: readonly Witness[],
  ) {}

  /** No roots when none of the logs has anything of this id or name for the tenant. */
  async why(
    { tenantId, role }: Principal,
    asked: string,
    at: Instant | undefined,
  ): Promise<AsOf<Readonly<{ id: string; roots: readonly Cause[] }>>> {
    const moment = await this.own.moments.at(at);
    const { id, roots, position } = await this.own.why.why(tenantId, asked, moment);
    // Each log counts by itself; what they have in common is time.
    const time = moment.then?.time ?? BEFORE_ALL;
    const others = await Promise.all(
      this.others
        .filter(({ access }) => isAtLeast(role, access))
        .map(async (it) => it.why.why(tenantId, asked, await it.moments.at(moment.then && { time }))),
    );
    const all = joined([...roots, ...others.flatMap((it) => it.roots)]);
    const known = roots.length > 0 ? id : (others.find((it) => it.roots.length > 0)?.id ?? id);
    return this.own.moments.shown({ id: known, roots: underOneRoot(known, all) }, moment.at(position));
  }
}

/** Ids are given out in the order of time, and are finer than that. */
const placeOf = ({ at, id }: Cause) => `${at} ${id}`;

const BEFORE_ALL = '1970-01-01T00:00:00.000Z';

/** A request that several services dealt with is one, and its effects are in the order of their times. */
const joined = (roots: readonly Cause[]): readonly Cause[] =>
  [...Map.groupBy(roots, ({ id }) => id).values()].flatMap((same) => {
    const [first] = same;
    const effects = same.flatMap((it) => it.effects).toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
    return first ? [same.length === 1 ? first : { ...first, effects }] : [];
  });
