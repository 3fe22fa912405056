import { ManualClock, MemoryEventLog } from '@strata/event-store';
import { v4 } from 'uuid';
import { hashOf, makeCredential, textOf } from '../credential.js';
import { history } from '../history.js';
import { KeyRing } from './key-ring.view.js';
import { UNLIMITED } from './key.js';

const at = '2026-01-01T00:00:00.000Z';
const it_ = { tenantId: 'ten_a', userId: 'user_a' };

/** What the ring makes of the log alone, without anybody who tidies up behind it. */
describe('the key ring', () => {
  let log: MemoryEventLog;
  let clock: ManualClock;
  let ring: KeyRing;
  let streams = 0;
  beforeEach(async () => {
    log = new MemoryEventLog(undefined, history);
    clock = new ManualClock(at);
    ring = new KeyRing(log, clock);
    await ring.open();
    await happens('TenantCreated', { tenantId: 'ten_a', name: 'a' });
    await happens('UserCreated', { ...it_, person: 'sealed' });
    await happens('RoleGranted', { ...it_, role: 'operator' });
  });
  afterEach(() => ring.close());

  const happens = async (type: string, data: object) => {
    const meta = { commandId: v4(), at, tenantId: 'ten_a', actor: 'user_b', correlationId: 'r', causationId: 'r' };
    const events = [{ type, data: { ...data, at } }];
    await log.append({ stream: `ten_a/spec-${++streams}`, expectedVersion: 0, events, meta });
    await ring.catchUp();
  };
  const keyOf = async (more: object = {}) => {
    const credential = makeCredential();
    const grant = { ...it_, role: 'operator', name: 'k', kind: 'key', ...UNLIMITED, ...more };
    await happens('KeyCreated', { keyId: credential.keyId, hash: hashOf(credential.secret), ...grant });
    return { bearer: textOf(credential), keyId: credential.keyId };
  };
  const isKnown = async (bearer: string) => (await ring.of(bearer)) !== undefined;

  for (const [what, type, data] of [
    ['the role', 'RoleRevoked', it_],
    ['the user', 'UserDeleted', it_],
    ['the tenant', 'TenantDeleted', { tenantId: 'ten_a' }],
  ] as const) {
    it(`forgets a key with ${what}, and does not remember it when everything is as before`, async () => {
      const { bearer } = await keyOf();
      expect(await isKnown(bearer)).toBe(true);
      await happens(type, data);
      expect([await isKnown(bearer), ring.size]).toEqual([false, 0]);
      await happens('TenantCreated', { tenantId: 'ten_a', name: 'a' });
      await happens('UserCreated', { ...it_, person: 'sealed' });
      await happens('RoleGranted', { ...it_, role: 'operator' });
      expect(await isKnown(bearer)).toBe(false);
    });
  }

  it('ends all sessions of a user whose password was set but the one that set it, and no key', async () => {
    const [one, two, key] = [await keyOf({ kind: 'session' }), await keyOf({ kind: 'session' }), await keyOf()];
    await happens('UserPasswordSet', { ...it_, password: 'sealed', keptSession: two.keyId });
    expect(await Promise.all([one, two, key].map(({ bearer }) => isKnown(bearer)))).toEqual([false, true, true]);
    await happens('UserPasswordSet', { ...it_, password: 'sealed', keptSession: null });
    expect(await Promise.all([two, key].map(({ bearer }) => isKnown(bearer)))).toEqual([false, true]);
  });

  it('takes the lower of the roles of key and user, whichever changes', async () => {
    const { bearer } = await keyOf({ role: 'operator' });
    const role = async () => (await ring.of(bearer))?.role;
    await happens('RoleGranted', { ...it_, role: 'viewer' });
    expect(await role()).toBe('viewer');
    await happens('RoleGranted', { ...it_, role: 'owner' });
    expect(await role()).toBe('operator');
  });

  it('gives no role to a user who is not there', async () => {
    await happens('UserDeleted', it_);
    await happens('RoleGranted', { ...it_, role: 'owner' });
    const { bearer } = await keyOf();
    expect(await isKnown(bearer)).toBe(false);
    expect(ring.members.placesOf('user_a')).toEqual([]);
  });

  it('says that somebody has lost a right, and nothing when nobody has', async () => {
    let losses = 0;
    const stop = ring.onLoss(() => void losses++);
    const heard = async (type: string, data: object) => {
      const before = losses;
      await happens(type, data);
      await new Promise((resolve) => setImmediate(resolve));
      return losses - before;
    };
    const { keyId } = await keyOf();
    expect(await heard('UserCreated', { ...it_, userId: 'user_b', person: 'sealed' })).toBe(0);
    expect(await heard('KeyRevoked', { keyId, reason: 'lost' })).toBe(1);
    expect(await heard('RoleRevoked', it_)).toBe(1);
    stop();
    expect(await heard('TenantDeleted', { tenantId: 'ten_a' })).toBe(0);
  });

  it('gives the memory of expired keys back, and takes no expired key when it reads the log anew', async () => {
    for (let n = 0; n < 10; n++) await keyOf({ expiresAt: '2026-01-01T01:00:00.000Z' });
    await keyOf();
    expect(ring.size).toBe(11);
    clock.advance(2 * 3_600_000);
    expect(ring.size).toBe(1);
    const anew = new KeyRing(log, clock);
    await anew.open();
    expect(anew.size).toBe(1);
    anew.close();
  });
});
