import { setTimeout as pause } from 'node:timers/promises';
import { azureTrace, readAzureTrace, twoHours } from '../load/azure-trace.js';
import { Ledger } from '../load/ledger.js';
import { play } from '../load/player.js';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';
import { settled } from './evidence.js';
import { chance, extent } from './extent.js';
import { Follower } from './follower.js';

/*
 * R25. Many follow the events of a busy tenant as a stream. Each loses its connection now and then, and several times all of
 * them do at once; they come back with the id of the last event that came whole. Each is told every event, once and in order.
 * Full: 300 followers, 400 events of the trace, 5 minutes at most. In `npm test`: 40 followers, 60 events.
 */

const trace = azureTrace();
if ('reason' in trace) console.warn(`SKIPPED: R25, followers that are dropped: ${trace.reason}`);

const {
  followers: count,
  events,
  herds,
  minutes,
} = extent({
  short: { followers: 40, events: 60, herds: 2, minutes: 1 },
  full: { followers: 300, events: 400, herds: 6, minutes: 5 },
});

describe('R25: those who follow the events', () => {
  ('folder' in trace ? it : it.skip)(
    `miss nothing and are told nothing twice, all ${count} of them, however often they are dropped`,
    async () => {
      const random = chance('R25');
      const slice = readAzureTrace('folder' in trace ? trace.folder : '', twoHours).slice(0, events);
      const cloud = await ServerProcess.start({ hosts: 10 });
      const followers: Follower[] = [];
      try {
        const { position: since } = (await cloud.asker.read('/v1/status')) as { position: number }; // by contract
        for (let n = 0; n < count; n++) followers.push(new Follower(cloud, since));
        const ledger = new Ledger();
        let isPlaying = true;
        const playing = play(slice, {
          asker: cloud.asker,
          ledger,
          concurrency: 16,
          withinMs: minutes * 60_000,
        }).finally(() => (isPlaying = false));
        const dropping = (async () => {
          while (isPlaying) {
            followers[Math.floor(random() * followers.length)]?.drop();
            await pause(2_000 / count);
          }
        })();
        for (let herd = 1; herd <= herds; herd++) {
          const due = Math.floor((slice.length * herd) / (herds + 1));
          await until(`event ${due} is acknowledged`, async () => ledger.size >= due || !isPlaying, minutes * 60);
          for (const follower of followers) follower.drop();
        }
        await Promise.all([playing, dropping]);
        await settled(cloud, 60);

        const { position: head } = (await cloud.asker.read('/v1/status')) as { position: number }; // by contract
        const told = await positionsIn(cloud, since, head);
        const last = told.at(-1) ?? 0;
        await until('everybody has heard the last event', async () => followers.every((it) => it.last >= last), 60);
        for (const follower of followers) await follower.stop();

        const sum = (of: (follower: Follower) => number) => followers.reduce((all, it) => all + of(it), 0);
        console.log(
          `R25: ${count} followers were told ${told.length} events each, with ${sum((it) => it.drops)} dropped connections ` +
            `and ${herds} times all at once; ${sum((it) => it.refusals)} times one was told to come again`,
        );
        expect(told.length).toBeGreaterThan(events);
        expect(followers.flatMap(({ surprises }) => surprises)).toEqual([]);
        for (const { positions } of followers) expect(positions.filter((it) => it <= last)).toEqual(told);
      } finally {
        for (const follower of followers) await follower.stop();
        await cloud.remove();
      }
    },
    minutes * 60_000 + 180_000,
  );
});

/** The positions of all events that a tenant may see, read as a list. */
const positionsIn = async ({ asker }: ServerProcess, since: number, head: number): Promise<readonly number[]> => {
  const positions: number[] = [];
  for (let token = ''; ;) {
    const more = token === '' ? '' : `&pageToken=${encodeURIComponent(token)}`;
    const path = `/v1/events?since=${since}&pageSize=1000${more}`;
    // A list answers a page, by contract.
    const page = (await asker.read(path)) as { items: { position: number }[]; nextPageToken: string | null };
    positions.push(...page.items.map(({ position }) => position).filter((it) => it <= head));
    if (page.nextPageToken === null) return positions;
    token = page.nextPageToken;
  }
};
