import { MemoryEventLog, MemoryEventStore } from '@strata/event-store';
import type { AppendGroup } from '@strata/event-store';
import { SimulatedHost } from '@strata/hypervisor';
import { ServerProcess } from '../load/server-process.js';
import { MortalLog } from '../mortal-log.js';
import { TestPlatform, cleanSlate, until } from '../platform.js';
import type { Answer } from '../platform.js';
import { settled } from './evidence.js';

/*
 * R10. Two hundred ask at the same moment for what is enough for ten: ten get it. And while an instance is created, stopped or
 * deleted, somebody asks for the opposite, right after each append in turn: one of them is told no, or both are carried out
 * one after the other; nothing is ever left behind. Every append, 30 s.
 */

describe('R10: two hundred at the same moment', () => {
  it('are ten when the quota says so, and ten more when it is raised', async () => {
    const cloud = await ServerProcess.start({ hosts: 1 });
    try {
      const { asker } = cloud;
      const askAll = (round: number) =>
        Promise.all(
          Array.from({ length: 200 }, (_, n) => {
            const body = { name: `r10-${round}-${n}`, image: 'tiny', flavor: 'nano' };
            return asker.ask({ method: 'POST', path: '/v1/instances', body, key: body.name });
          }),
        );
      for (const [round, instances] of [10, 20].entries()) {
        await asker.ask({ method: 'PUT', path: '/v1/quota', body: { instances }, key: `quota-${round}` });
        const answers = await askAll(round);
        const count = (status: number) => answers.filter((it) => it.status === status).length;
        expect([count(202), count(403)]).toEqual([10, 190]);
        for (const { status, text } of answers) if (status === 403) expect(text).toContain('quota.exceeded');
      }
      await settled(cloud, 60);
      expect(await asker.readAll('/v1/instances')).toHaveLength(20);
      expect(await asker.read('/v1/quota')).toMatchObject({ used: { instances: 20 } });
    } finally {
      await cloud.remove();
    }
  }, 120_000);
});

/** A log that tells somebody of each append as soon as it is stored. */
class ToldLog extends MortalLog {
  told: (append: number) => void = () => undefined;

  override async appendAll(group: AppendGroup) {
    const answers = await super.appendAll(group);
    this.told(this.appends);
    return answers;
  }
}

const start = async () => {
  const log = new ToldLog(new MemoryEventLog());
  const world = [new SimulatedHost()];
  return { log, platform: await TestPlatform.create({ store: new MemoryEventStore(log), world }) };
};

const body = { name: 'web', image: 'tiny', flavor: 'nano', id: 'inst_1' };
const one = '/v1/instances/inst_1';
const create = (platform: TestPlatform) => platform.ask('POST', '/v1/instances', body);
const remove = (platform: TestPlatform) => platform.ask('DELETE', one);
const stop = (platform: TestPlatform) => platform.ask('POST', `${one}/stop`, { graceSeconds: 0 });

/** Calls off whatever is at work. */
const cancel = async (platform: TestPlatform): Promise<Answer> => {
  const { body: page } = await platform.ask('GET', '/v1/operations?status=running');
  const [operation] = (page as { items: { id: string }[] }).items; // 200 answers a page, by contract
  return platform.ask('POST', `/v1/operations/${operation?.id ?? 'op_none'}/cancel`, {});
};

const atRest = (platform: TestPlatform) =>
  until('every operation has ended', async () => {
    const { body: page } = await platform.ask('GET', '/v1/operations');
    const { items } = page as { items: { status: string }[] }; // as above
    return items.every(({ status }) => status !== 'running' && status !== 'undoing');
  });

type Deed = (platform: TestPlatform) => Promise<Answer>;

const races: readonly (readonly [string, Readonly<{ before: readonly Deed[]; first: Deed; second: Deed }>])[] = [
  ['is deleted while it is created', { before: [], first: create, second: remove }],
  ['is called off while it is created', { before: [], first: create, second: cancel }],
  ['is created again while it is created', { before: [], first: create, second: create }],
  ['is deleted while it is stopped', { before: [create], first: stop, second: remove }],
  ['is stopped while it is deleted', { before: [create], first: remove, second: stop }],
  ['is deleted while it is deleted', { before: [create], first: remove, second: remove }],
];

describe('R10: an instance', () => {
  for (const [what, { before, first, second }] of races) {
    it(`that ${what}, at whichever append, leaves nothing when it is gone`, async () => {
      const prepared = async () => {
        const world = await start();
        for (const deed of before) {
          await deed(world.platform);
          await atRest(world.platform);
        }
        return world;
      };
      const undisturbed = await prepared();
      const from = undisturbed.log.appends;
      await first(undisturbed.platform);
      await atRest(undisturbed.platform);
      const to = undisturbed.log.appends;
      await undisturbed.platform.close();
      expect(to - from).toBeGreaterThan(3);

      const statuses = new Map<number, number>();
      for (let at = from + 1; at <= to; at++) {
        const { log, platform } = await prepared();
        let opposite: Promise<Answer> | undefined;
        log.told = (append) => {
          if (append >= at) opposite ??= second(platform);
        };
        await first(platform);
        const { status } = await until('the other has asked', async () => opposite, 8);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect([202, 404, 409]).toContain(status);
        await atRest(platform);

        if ((await platform.ask('GET', one)).status === 200) {
          expect(await remove(platform)).toMatchObject({ status: 202 });
          await atRest(platform);
        }
        expect(await platform.ask('GET', one)).toMatchObject({ status: 404 });
        await until(`nothing is left after append ${at}`, async () => {
          return JSON.stringify(await platform.leftovers()) === JSON.stringify(cleanSlate);
        }).catch(async (error: unknown) => {
          throw new Error(`${String(error)}: ${JSON.stringify(await platform.leftovers())}`);
        });
        await platform.close();
      }
      console.log(`R10: ${what}: ${to - from} appends, answered ${JSON.stringify(Object.fromEntries(statuses))}`);
    }, 60_000);
  }
});
