import { Admission } from './admission.js';
import type { Leave, Places, TurnedAway } from './admission.js';

/** Requests of tenants: what became of each, in the order in which they asked, and whose turn it was when. */
const hall = (places: Omit<Places, 'patienceMs'>, patienceMs = 60_000) => {
  const admission = new Admission({ ...places, patienceMs });
  const asked: (TurnedAway | 'waits' | 'worked on')[] = [];
  const turns: string[] = [];
  const leaves: Leave[] = [];
  const ask = async (...tenants: readonly string[]) => {
    for (const tenantId of tenants) {
      const index = asked.push('waits') - 1;
      void admission.enter(tenantId).then((entered) => {
        asked[index] = typeof entered === 'string' ? entered : 'worked on';
        if (typeof entered === 'string') return;
        turns.push(tenantId);
        leaves.push(entered);
      });
    }
    await soon();
    return asked.slice(-tenants.length);
  };
  const drain = async () => {
    for (let leave = leaves.shift(); leave; leave = leaves.shift()) {
      leave();
      leave();
      await soon();
    }
  };
  return { admission, ask, turns, drain, asked };
};

const soon = () => new Promise((resolve) => setImmediate(resolve));
const times = (count: number, tenantId: string) => Array.from({ length: count }, () => tenantId);
const count = (all: readonly string[], what: string) => all.filter((it) => it === what).length;

describe('admission', () => {
  it('works on some, lets some wait, and turns the rest away at once', async () => {
    const { admission, ask, asked, drain } = hall({ working: 2, waiting: 4 });
    expect(await ask(...times(6, 'a'))).toEqual(['worked on', 'worked on', 'waits', 'waits', 'share', 'share']);
    expect([admission.working, admission.waiting]).toEqual([2, 2]);
    await drain();
    expect(count(asked, 'worked on')).toBe(4);
    expect([admission.working, admission.waiting]).toEqual([0, 0]);
    expect(await ask('a')).toEqual(['worked on']);
  });

  it('gives turns round the tenants, however many requests each has waiting', async () => {
    const { ask, turns, drain } = hall({ working: 1, waiting: 12 });
    await ask('a', 'a', 'a', 'a', 'b', 'b', 'c');
    await drain();
    expect(turns).toEqual(['a', 'a', 'b', 'c', 'a', 'b', 'a']);
  });

  it('has room for one more tenant, however much the others ask for', async () => {
    const { ask } = hall({ working: 1, waiting: 60 });
    // One is worked on; then half may wait, then a third, and so on.
    expect(count(await ask(...times(100, 'a')), 'waits')).toBe(30);
    expect(count(await ask(...times(100, 'b')), 'waits')).toBe(20);
    expect(await ask('c')).toEqual(['waits']);
  });

  it('turns everybody away when all places are taken', async () => {
    const { ask } = hall({ working: 1, waiting: 2 });
    expect(await ask('a', 'a', 'b', 'c')).toEqual(['worked on', 'waits', 'waits', 'full']);
  });

  it('lets nobody wait for ever, and gives the place of who has gone to others', async () => {
    const { admission, ask, asked, turns, drain } = hall({ working: 1, waiting: 4 }, 20);
    await ask('a', 'a', 'a', 'a');
    expect(asked).toEqual(['worked on', 'waits', 'waits', 'share']);
    const deadline = Date.now() + 5_000;
    while (admission.waiting > 0 && Date.now() < deadline) await soon();
    await soon();
    expect(asked).toEqual(['worked on', 'late', 'late', 'share']);
    expect(await ask('b')).toEqual(['waits']);
    await drain();
    expect(turns).toEqual(['a', 'b']);
    expect([admission.working, admission.waiting]).toEqual([0, 0]);
  });
});
