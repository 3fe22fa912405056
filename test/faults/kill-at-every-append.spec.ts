import { MemoryEventLog, MemoryEventStore } from '@strata/event-store';
import { SimulatedHost } from '@strata/hypervisor';
import type { Operation } from '@strata/contracts';
import { MortalLog } from '../mortal-log.js';
import { TestPlatform, cleanSlate, until } from '../platform.js';

/*
 * The control plane is killed at each of its appends in turn, before it is stored and after, while it creates an instance and
 * while it deletes one. A new control plane on the same log and the same hosts must end every operation, leave one guest or
 * none, and after a deletion nothing at all.
 */

type Story = (platform: TestPlatform, mortal: MortalLog) => Promise<unknown>;
type Death = Readonly<{ at: number; when: 'before' | 'after' }>;

class World {
  readonly log = new MemoryEventLog();
  readonly hosts = [new SimulatedHost(), new SimulatedHost()];

  async start(dies?: Death): Promise<{ platform: TestPlatform; mortal: MortalLog }> {
    const mortal = new MortalLog(this.log, dies, () => void platform?.disconnect());
    const platform: TestPlatform | undefined = await TestPlatform.create({
      store: new MemoryEventStore(mortal),
      world: this.hosts,
      isMortal: dies !== undefined,
    });
    return { platform, mortal };
  }
}

const body = { name: 'web', image: 'tiny', flavor: 'nano', id: 'inst_1' };
const open = (it: Operation) => it.status === 'running' || it.status === 'undoing';

const settled = (platform: TestPlatform, mortal?: MortalLog) =>
  until('every operation has ended', async () => {
    if (mortal?.isDead) return true;
    const { items } = (await platform.ask('GET', '/v1/operations')).body as { items: Operation[] }; // 200 answers a page, by contract
    return items.every((it) => !open(it)) && items;
  });

/** How many appends a story takes from a started platform on, undisturbed. */
const measure = async (story: Story): Promise<Readonly<{ from: number; to: number }>> => {
  const { platform, mortal } = await new World().start();
  const from = mortal.appends;
  await story(platform, mortal);
  await settled(platform);
  const to = mortal.appends;
  await platform.close();
  return { from, to };
};

const create = (platform: TestPlatform) =>
  platform.ask('POST', '/v1/instances', body, { headers: { 'idempotency-key': 'create' } });
const remove = (platform: TestPlatform) =>
  platform.ask('DELETE', '/v1/instances/inst_1?now=true', undefined, { headers: { 'idempotency-key': 'delete' } });
const createAndDelete: Story = async (platform, mortal) => {
  await create(platform);
  await settled(platform, mortal);
  await remove(platform);
};

/** The deletion is kept, and taken back. */
const thinkTwice: Story = async (platform, mortal) => {
  await platform.ask('PUT', '/v1/settings', { keepDeletedSeconds: 3600 });
  await create(platform);
  await settled(platform, mortal);
  await platform.ask('DELETE', '/v1/instances/inst_1');
  await settled(platform, mortal);
  await platform.ask('POST', '/v1/instances/inst_1/restore', {});
};

for (const [name, story] of [
  ['creates an instance', create],
  ['creates and deletes an instance', createAndDelete],
  ['deletes an instance and restores it', thinkTwice],
] as const)
  describe(`a control plane that is killed while it ${name}`, () => {
    for (const when of ['before', 'after'] as const)
      it(`ends what it began, whichever append it was killed ${when}`, async () => {
        const { from, to } = await measure(story);
        expect(to - from).toBeGreaterThan(8);
        for (let at = from + 1; at <= to; at++) {
          const world = new World();
          const first = await world.start({ at, when });
          await story(first.platform, first.mortal).catch(() => undefined);
          await until('it was killed', async () => first.mortal.isDead);
          await first.platform.abandon();

          const { platform } = await world.start();
          // The asker got no answer, so it asks again: with the same id, which is asking once.
          const again = await create(platform);
          if (again.status !== 202 && again.status !== 409)
            throw new Error(`append ${at} ${when}: create answered ${again.status} ${JSON.stringify(again.body)}`);
          await settled(platform);
          const guests = (await platform.leftovers()) as typeof cleanSlate;
          expect(guests.guests).toBeLessThanOrEqual(1);
          expect(guests.guests).toBe(guests.disks);

          if ((await platform.ask('GET', '/v1/instances/inst_1')).status === 200) {
            await remove(platform);
            await settled(platform);
          }
          await until(
            `nothing is left after append ${at} ${when}`,
            async () => JSON.stringify(await platform.leftovers()) === JSON.stringify(cleanSlate),
          ).catch(async (error: unknown) => {
            throw new Error(`${String(error)}: ${JSON.stringify(await platform.leftovers())}`);
          });
          await platform.close();
        }
      }, 120_000);
  });
