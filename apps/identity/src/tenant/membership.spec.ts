import { roles } from '@strata/contracts';
import type { Role } from '@strata/contracts';
import { Rejection } from '@strata/event-sourcing';
import { sentences } from '@strata/testing/event-sourcing';
import fc from 'fast-check';
import { GrantRole, RemoveMember, RevokeRole, membership } from './membership.js';
import type { MembershipEvent } from './membership.js';

const at = '2026-01-01T00:00:00.000Z';
const meta = { commandId: '', at, tenantId: 'ten_a', actor: 'user_a', correlationId: 'req_1', causationId: 'req_1' };
const it_ = (userId: string, tenantId = 'ten_a') => ({ tenantId, userId });
const grant = (userId: string, role: Role, by: Role) => new GrantRole({ ...it_(userId), role, by }, meta);
const revoke = (userId: string, by: Role) => new RevokeRole({ ...it_(userId), by }, meta);
const granted = (userId: string, role: Role): MembershipEvent => ({
  type: 'RoleGranted',
  data: { ...it_(userId), role, at },
});
const revoked = (userId: string): MembershipEvent => ({ type: 'RoleRevoked', data: { ...it_(userId), at } });

const { given } = sentences(membership);

describe('a role', () => {
  it('is granted', () =>
    given()
      .when(grant('user_b', 'viewer', 'admin'))
      .then(granted('user_b', 'viewer')));
  it('is granted once', () =>
    given(granted('user_b', 'viewer'))
      .when(grant('user_b', 'viewer', 'admin'))
      .changesNothing());
  it('takes the place of another', () =>
    given(granted('user_b', 'viewer'))
      .when(grant('user_b', 'admin', 'admin'))
      .then(granted('user_b', 'admin')));
  it('is revoked', () => given(granted('user_b', 'viewer')).when(revoke('user_b', 'admin')).then(revoked('user_b')));
  it('that nobody has is revoked already', () => given().when(revoke('user_b', 'admin')).changesNothing());

  for (const [index, role] of roles.entries()) {
    for (const [rank, by] of roles.entries()) {
      it(`${role} is ${rank >= index ? 'granted' : 'refused'} when ${by} asks`, () => {
        const asked = given().when(grant('user_b', role, by));
        return rank >= index ? asked.then(granted('user_b', role)) : asked.isRejected('auth.forbidden');
      });
      it(`${role} is ${rank >= index ? 'taken away' : 'kept'} when ${by} asks`, () => {
        const asked = given(granted('user_o', 'owner'), granted('user_b', role)).when(revoke('user_b', by));
        return rank >= index ? asked.then(revoked('user_b')) : asked.isRejected('auth.forbidden');
      });
    }
  }

  it('of somebody above is not lowered by who is below', () =>
    given(granted('user_a', 'owner'), granted('user_b', 'owner'))
      .when(grant('user_b', 'viewer', 'admin'))
      .isRejected('auth.forbidden'));
});

describe('the last owner', () => {
  const alone = given(granted('user_a', 'owner'), granted('user_b', 'admin'));
  it('cannot be removed', () => alone.when(revoke('user_a', 'owner')).isRejected('tenant.last-owner'));
  it('cannot become less', () => alone.when(grant('user_a', 'admin', 'owner')).isRejected('tenant.last-owner'));
  it('cannot be removed by an administrator of the platform', () =>
    alone.when(revoke('user_a', 'platform-administrator')).isRejected('tenant.last-owner'));
  it('may become more', () =>
    alone
      .when(grant('user_a', 'platform-administrator', 'platform-administrator'))
      .then(granted('user_a', 'platform-administrator')));
  it('is no longer the last when there is another', () =>
    given(granted('user_a', 'owner'), granted('user_b', 'owner'))
      .when(revoke('user_a', 'owner'))
      .then(revoked('user_a')));
  it('is the other one when one of two was removed', () =>
    given(granted('user_a', 'owner'), granted('user_b', 'owner'), revoked('user_a'))
      .when(revoke('user_b', 'owner'))
      .isRejected('tenant.last-owner'));
  it('goes when the user is no more', () => alone.when(new RemoveMember(it_('user_a'), meta)).then(revoked('user_a')));

  it('is there as long as there ever was one, whatever is asked and by whom', () => {
    const person = fc.constantFrom('user_a', 'user_b', 'user_c');
    const role = fc.constantFrom(...roles);
    const command = fc.oneof(
      fc.tuple(person, role, role).map(([who, what, by]) => grant(who, what, by)),
      fc.tuple(person, role).map(([who, by]) => revoke(who, by)),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        let state = membership.initialState;
        let wasOwned = false;
        for (const asked of commands) {
          const decision = membership.decide(asked, state);
          if (!(decision instanceof Rejection)) {
            state = decision.reduce((before, event) => membership.evolve(before, event), state);
          }
          const owners = [...state.roles.values()].filter((it) => it === 'owner' || it === 'platform-administrator');
          expect(state.owners).toBe(owners.length);
          if (wasOwned) expect(owners.length).toBeGreaterThan(0);
          wasOwned ||= owners.length > 0;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the first administrator', () => {
  const first = { tenantId: 'ten_default', userId: 'user_admin' };
  const role = 'platform-administrator';
  const there = given(
    { type: 'RoleGranted', data: { ...first, role, at } },
    { type: 'RoleGranted', data: { ...first, userId: 'user_b', role, at } },
  );
  it('keeps the role', () => there.when(new RevokeRole({ ...first, by: role }, meta)).isRejected('user.protected'));
  it('does not become less', () =>
    there.when(new GrantRole({ ...first, role: 'owner', by: role }, meta)).isRejected('user.protected'));
});
