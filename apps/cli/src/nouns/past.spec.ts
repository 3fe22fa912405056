import { z } from 'zod';
import { nouns, verbs } from '../menu.js';
import { againstCloud, pageOf as page } from '../testing/against-cloud.js';
import { small, web } from '../testing/things.js';

const { open, ask } = againstCloud();

/** A past, as the contract reads `--at` when it is told how long ago. */
const Past = z.object({ time: z.string() });

const foot = 'as of position 42, 2026-11-22T09:08:07.000Z\n';

describe('--at', () => {
  it('is there on every list and show, and on whatever else looks at the log', () => {
    const takesAt = (it: Readonly<{ flags: readonly Readonly<{ into: string }>[] }>) =>
      it.flags.some(({ into }) => into === 'at');
    const offered = nouns.flatMap((noun) =>
      noun.verbs.map((verb) => [`${noun.name} ${verb.name}`, takesAt(verb)] as const),
    );
    const readers = offered.filter(([words]) => /\b(?:list|show)$/.test(words));
    expect(readers.length).toBeGreaterThan(15);
    expect(readers.filter(([, takes]) => !takes)).toEqual([]);
    expect(offered.filter(([words, takes]) => takes && !/\b(?:list|show)$/.test(words))).toEqual([]);
    expect(verbs.filter(takesAt).map(({ name }) => name)).toEqual(['status', 'activity', 'why']);
  });

  it('asks for a time or a position, and says at the foot of the table where that is', async () => {
    const cloud = await open({ 'flavors.list': () => page(small), 'instances.show': () => web });
    const time = '2026-11-22T10:08:07+01:00';
    const { stdout, stderr } = await ask(['flavor', 'list', '--at', time]);
    expect(stdout).toContain('NAME   VCPUS');
    expect(stderr).toBe(foot);
    expect((await ask(['instance', 'show', 'web-1', '--at', '42'])).stderr).toBe(foot);
    expect(cloud.asked.map(({ query }) => query['at'])).toEqual([{ time }, { position: 42 }]);
  });

  it('understands how long ago', async () => {
    const cloud = await open({ 'flavors.list': () => page(small) });
    const before = Date.now();
    await ask(['flavor', 'list', '--at', '5m']);
    const { time } = Past.parse(cloud.asked[0]?.query['at']);
    expect(Date.parse(time)).toBeGreaterThanOrEqual(before - 300_000);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.now() - 300_000);
  });

  it('changes nothing of what programs read, and there is no foot without it', async () => {
    await open({ 'flavors.list': () => page(small) });
    for (const words of [['--at', '42', '-o', 'json'], ['--at', '42', '-o', 'name'], []]) {
      expect((await ask(['flavor', 'list', ...words])).stderr).toBe('');
    }
    expect(JSON.parse((await ask(['flavor', 'list', '--at', '42', '-o', 'json'])).stdout)).toEqual([small]);
  });

  for (const words of [
    ['flavor', 'list', '--at', 'yesterday'],
    ['flavor', 'list', '--at', '2026-11-22'],
    ['flavor', 'list', '--at', '-5m'],
    ['instance', 'start', 'web-1', '--at', '42'],
    ['instance', 'create', 'web-1', '--image', 'tiny', '--flavor', 'small', '--at', '42'],
    ['event', 'tail', '--at', '42'],
  ]) {
    it(`takes "${words.join(' ')}" for a slip`, async () => {
      const cloud = await open({});
      expect((await ask(words)).exit).toBe(2);
      expect(cloud.asked).toHaveLength(0);
    });
  }
});
