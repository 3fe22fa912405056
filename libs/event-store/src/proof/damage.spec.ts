import { Rejection, command } from '@strata/event-sourcing';
import type { Decider, Event } from '@strata/event-sourcing';
import { MemoryEventStore } from '../memory/memory-event-store.js';
import { by } from '../testing/index.js';
import { Damage } from './damage.js';
import type { Fault } from './fault.js';

class Add extends command('Add')<{ by: number }> {}
type Added = Event<'Added', { by: number }>;

const counter: Decider<Add, Added, number> = {
  name: 'counter',
  initialState: 0,
  decide: ({ data }) => (data.by === 0 ? [] : [{ type: 'Added', data }]),
  evolve: (sum, { data }) => sum + data.by,
};

const fault = (more: Partial<Fault>): Fault => ({ kind: 'changed', from: 5, to: 5, streams: [], what: '', ...more });

describe('a damaged log', () => {
  it('takes no events for the streams that are hurt, and goes on with the others', async () => {
    const { aggregates, damage, log } = new MemoryEventStore();
    const first = new Add({ by: 1 }, by());
    await aggregates.execute(counter, 'hurt', first);
    damage.add([fault({ streams: ['hurt'] })]);

    const refused = await aggregates.execute(counter, 'hurt', new Add({ by: 1 }, by()));
    expect(refused).toEqual({ rejection: expect.any(Rejection) });
    expect(refused).toMatchObject({ rejection: { code: 'log.damaged' } });
    expect(await aggregates.execute(counter, 'well', new Add({ by: 1 }, by()))).toMatchObject({ version: 1 });
    // What is so already, or was asked before, hurts nothing.
    expect(await aggregates.execute(counter, 'hurt', new Add({ by: 0 }, by()))).toMatchObject({ events: [] });
    expect(await aggregates.execute(counter, 'hurt', first)).toMatchObject({ version: 1 });
    expect(await log.head()).toBe(2);
    expect((await aggregates.load(counter, 'hurt')).state).toBe(1);
  });

  it('is closed as a whole when nobody can say which stream has lost an event', () => {
    const missing = fault({ kind: 'missing', from: 5, to: 6 });
    const placed = new Damage();
    placed.add([missing], [{ stream: 'a', missing: 2 }]);
    expect([placed.isEverywhere, placed.streams]).toEqual([false, ['a']]);
    expect(placed.refusalFor('b')).toBeUndefined();

    const placeless = new Damage();
    placeless.add([missing], [{ stream: 'a', missing: 1 }]);
    expect(placeless.refusalFor('b')).toBeDefined();
    const rewritten = new Damage();
    rewritten.add([fault({ kind: 'rewritten' })]);
    expect(rewritten.isEverywhere).toBe(true);
  });

  it('stays open when only a signature is wrong, and says so without naming anybody’s things', () => {
    const damage = new Damage();
    expect(damage.sentence).toBeUndefined();
    expect(damage.add([fault({ kind: 'signature' })])).toHaveLength(1);
    expect(damage.add([fault({ kind: 'signature' })])).toEqual([]);
    expect(damage.refusalFor('a')).toBeUndefined();
    damage.add([fault({ kind: 'changed', streams: ['ten_a/instance-inst_1'] })]);
    expect(damage.sentence).toContain('2 faults');
    expect(damage.sentence).not.toContain('inst_1');
  });
});
