import type { Answer, TestPlatform } from '../platform.js';
import type { Asker, Dice } from './life.js';

/** Everything that can be listed, and what of it is shown one by one. */
export const LISTS = [
  '/v1/instances',
  '/v1/instances?status=running',
  '/v1/instances?name=web',
  '/v1/instances?pageSize=2',
  '/v1/volumes',
  '/v1/images',
  '/v1/flavors',
  '/v1/hosts',
  '/v1/pools?pageSize=2',
  '/v1/networks',
  '/v1/operations',
  '/v1/operations?status=succeeded&pageSize=5',
  '/v1/events?since=20&pageSize=50',
  '/v1/events?type=InstanceObserved',
  '/v1/quota',
  '/v1/settings',
  '/v1/activity?pageSize=40',
  '/v1/status',
] as const;
const SHOWN = /^\/v1\/(?:instances|volumes|images|flavors|hosts|pools|networks|operations)$/;

export type Told = Readonly<{ path: string; as: Asker; status: number; position: number | undefined; body: unknown }>;

/** What the log does not hold is no part of an answer about the past; a token of the present is another than one of the past. */
const asLogged = (body: unknown): unknown =>
  JSON.parse(
    JSON.stringify(body, (key, it: unknown) => {
      if (key === 'lastSeenAt' || key === 'version' || key === 'hypervisor' || key === 'requestId') return null;
      return key === 'nextPageToken' ? it !== null : it;
    }),
  );

const positionIn = ({ headers }: Answer) => {
  const position = headers['strata-position'];
  return position === undefined ? undefined : Number(position);
};

export const tell = async (platform: TestPlatform, as: Asker, path: string): Promise<Told> => {
  const answer = await platform.ask('GET', path, undefined, { as });
  return { path, as, status: answer.status, position: positionIn(answer), body: asLogged(answer.body) };
};

export const at = (path: string, instant: string | number) =>
  `${path}${path.includes('?') ? '&' : '?'}at=${encodeURIComponent(instant)}`;

/** All lists; one thing of each, or one that is gone, by id or name; what concerns it, and why it is so. */
export const tellAll = async (
  platform: TestPlatform,
  as: Asker,
  { below }: Dice,
  gone: readonly string[],
): Promise<readonly Told[]> => {
  const lists = await Promise.all(LISTS.map((path) => tell(platform, as, path)));
  const paths = lists.flatMap(({ path, status, body }) => {
    if (status !== 200 || !SHOWN.test(path)) return [];
    const { items } = body as { items: { id: string; name: string }[] }; // a page, by contract
    const one = items[below(Math.max(1, items.length))];
    if (!one) return [];
    const called = path === '/v1/operations' || path === '/v1/volumes' || below(2) ? one.id : one.name;
    return [
      `${path}/${called}`,
      ...(path === '/v1/instances'
        ? [`/v1/why/${called}`, `/v1/events?resource=${one.id}`, `/v1/activity?resource=${one.id}`]
        : []),
    ];
  });
  const past = gone[below(Math.max(1, gone.length))];
  const all = [...paths, ...(past === undefined ? [] : [past])];
  return [...lists, ...(await Promise.all(all.map((path) => tell(platform, as, path))))];
};
