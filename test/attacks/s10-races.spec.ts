import type { Operation, QuotaView } from '@strata/contracts';
import { TestPlatform, cleanSlate, until } from '../platform.js';
import { codeOf } from './asking/wire.js';
import { Target } from './target.js';
import { settle } from './tenancy.js';

const LIMIT = 5;
const WORKERS = 12;
const LOOPS = 8;

describe('S10: who asks much at once, and again and again', () => {
  let platform: TestPlatform;
  beforeEach(async () => {
    platform = await TestPlatform.create({ hosts: 2 });
    await platform.ask('PUT', '/v1/quota', {
      instances: LIMIT,
      vcpus: LIMIT,
      memoryMiB: LIMIT * 512,
      diskGiB: LIMIT * 4,
    });
  });
  afterEach(() => platform.close());

  const create = (name: string) => platform.ask('POST', '/v1/instances', { name, image: 'tiny', flavor: 'nano' });
  // By contract: 200 answers a quota, 202 an operation.
  const used = async () => ((await platform.ask('GET', '/v1/quota')).body as QuotaView).used;
  const begun = (body: unknown) => body as Operation;

  /** Makes and removes, waits or does not, calls off or does not; all by the round, so that every run does the same. */
  const round = async (worker: number, loop: number): Promise<'made' | 'refused'> => {
    const name = `w${worker}-l${loop}`;
    const { status, body } = await create(name);
    if (status !== 202) return 'refused';
    const { id, resource } = begun(body);
    const mood = (worker + loop) % 4;
    if (mood === 0) await platform.ask('POST', `/v1/operations/${id}/cancel`);
    if (mood === 1) await platform.ask('DELETE', `/v1/instances/${resource.id}`);
    await platform.ended(id);
    await until('it is gone', async () => {
      const { status: left } = await platform.ask('DELETE', `/v1/instances/${resource.id}`);
      return left === 404;
    });
    return 'made';
  };

  it('gets no more than the quota at any moment, and everything is given back', async () => {
    let isOver = false;
    let most = 0;
    const watch = async () => {
      while (!isOver) {
        const { instances, vcpus, memoryMiB, diskGiB } = await used();
        most = Math.max(most, instances);
        // Each has the same size: the four are one number.
        expect([vcpus, memoryMiB / 512, diskGiB / 4]).toEqual([instances, instances, instances]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const work = async (worker: number) => {
      const came: string[] = [];
      for (let loop = 0; loop < LOOPS; loop++) came.push(await round(worker, loop));
      return came;
    };
    const watching = watch();
    const came = (await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)))).flat();
    isOver = true;
    await watching;
    expect(most).toBe(LIMIT);
    expect(came.filter((it) => it === 'refused').length).toBeGreaterThan(10);
    expect(came.filter((it) => it === 'made').length).toBeGreaterThan(10);
    await until(
      'nothing is left',
      async () => JSON.stringify(await platform.leftovers()) === JSON.stringify(cleanSlate),
    );
  }, 60_000);

  it('deletes one thing fifty times at once, and it is deleted once', async () => {
    const { resource } = await platform.create('web');
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => platform.ask('DELETE', `/v1/instances/${resource.id}`)),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    await until(
      'nothing is left',
      async () => JSON.stringify(await platform.leftovers()) === JSON.stringify(cleanSlate),
    );
  });

  it('asks for one name fifty times at once, and it is one instance', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => create('web')));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect((await used()).instances).toBe(1);
  });

  it('pays for what it has while the limit sinks below it', async () => {
    await Promise.all(Array.from({ length: LIMIT }, (_, n) => platform.create(`web-${n}`)));
    await platform.ask('PUT', '/v1/quota', { instances: 1 });
    expect((await create('more')).status).toBe(403);
    for (let n = 0; n < LIMIT; n++) {
      expect((await used()).instances).toBe(LIMIT - n);
      await platform.operate('DELETE', `/v1/instances/web-${n}`);
    }
    expect(await platform.leftovers()).toEqual(cleanSlate);
  }, 20_000);
});

describe('S10: what has a bound of its own', () => {
  const MOST_KEYS = 100;

  it('is not passed by asking for much at the same moment', async () => {
    const target = await Target.start();
    try {
      const { people } = await settle(target, 'alfa');
      const { key } = people.operator;
      const answers = await Promise.all(
        Array.from({ length: MOST_KEYS * 2 }, (_, n) => target.ask(key, 'POST /v1/keys', { name: `k${n}` })),
      );
      const made = answers.filter(({ status }) => status === 201).length;
      expect(made).toBeLessThanOrEqual(MOST_KEYS);
      expect(made).toBeGreaterThan(MOST_KEYS - 5);
      expect(new Set(answers.filter(({ status }) => status !== 201).map(codeOf))).toEqual(new Set(['key.too-many']));
    } finally {
      await target.remove();
    }
  }, 60_000);
});
