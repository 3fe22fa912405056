import { MemoryEventStore } from '@strata/event-store';
import { statusOf } from '../../../apps/iaas/src/instance/instance-state.js';
import { instanceView } from '../../../apps/iaas/src/instance/instance.view.js';
import { Copies } from './copies.js';
import { record } from './recording.js';

describe('copies of a recorded history', () => {
  const store = new MemoryEventStore();
  let told: number;
  beforeAll(async () => {
    const { before, again } = await record();
    const copies = new Copies(store.log);
    told = (await copies.tell(before)) + (await copies.repeat(again, 3, { names: 100, ms: 60_000 }));
  });
  afterAll(() => store.close());

  it('are all in the log, one after the other', async () => {
    const events = await store.log.read(0, told + 1);
    expect(events.map(({ position }) => position)).toEqual(Array.from({ length: told }, (_, index) => index + 1));
    expect(await store.log.head()).toBe(told);
  });

  it('are lives of their own, which end as the recorded ones did', async () => {
    const view = await store.view(instanceView);
    await view.catchUp(5_000);
    const { rows } = await view.list({ limit: 1_000 });
    const count = (status: string) => rows.filter((row) => statusOf(row) === status).length;
    // One before the recording, then of forty: twenty-four deleted, four stopped.
    expect([rows.length, count('running'), count('stopped')]).toEqual([1 + 3 * 16, 1 + 3 * 12, 3 * 4]);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    expect(new Set(rows.map(({ createdAt }) => createdAt.slice(0, 16))).size).toBeGreaterThanOrEqual(3);
  });
});
