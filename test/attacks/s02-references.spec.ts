import type { Route } from './asking/routes.js';
import { sampleBody } from './asking/values.js';
import type { Answer } from './asking/wire.js';
import { codeOf } from './asking/wire.js';
import { Target } from './target.js';
import { nounOf, settle, unknownLike } from './tenancy.js';
import type { Estate } from './tenancy.js';

const PAIRS = 200;
const GAP_MS = 5;

/** A place in a request where the id of something stands. `owned`: the kind of thing that belongs to a tenant. */
type Reference = Readonly<{
  route: string;
  owned?: string;
  with(id: string): Readonly<{ query?: string; body?: object }>;
}>;

/** Every field of every body and query that names something else. `owned` is left out where it is everybody's. */
const references: readonly Reference[] = [
  { route: 'instances.create', with: (image) => ({ body: { image } }) },
  { route: 'instances.create', with: (flavor) => ({ body: { flavor } }) },
  { route: 'instances.create', with: (network) => ({ body: { network } }) },
  { route: 'keys.create', owned: 'users', with: (user) => ({ body: { user } }) },
];

/** Those that narrow a list: what is another's is as good as nothing, so that the list is empty. */
const filters: readonly Reference[] = [
  { route: 'events.list', owned: 'instances', with: (id) => ({ query: `resource=${id}` }) },
  { route: 'activity.list', owned: 'instances', with: (id) => ({ query: `resource=${id}` }) },
  { route: 'operations.list', owned: 'instances', with: (id) => ({ query: `resource=${id}` }) },
  { route: 'instances.list', owned: 'hosts', with: (id) => ({ query: `hostId=${id}` }) },
  { route: 'keys.list', owned: 'users', with: (id) => ({ query: `user=${id}` }) },
];

/** Fields whose names sound like a reference and that are none, with what they are. */
const noReferences: Readonly<Record<string, string>> = {
  'instances.create id': 'the own id, chosen by who asks: see below',
  'logs.lines tenant': 'only administrators of the platform may copy a log',
  'tenants.create id': 'the same, and only administrators of the platform may',
  'login.login user': 'whoever logs in says who it is, and is answered alike whatever it says: S07',
  'login.login tenant': 'as above',
};

describe('S02: what belongs to another tenant, named in a request', () => {
  let target: Target;
  let alfa: Estate;
  let bravo: Estate;
  beforeAll(async () => {
    target = await Target.start();
    [alfa, bravo] = await Promise.all([settle(target, 'alfa'), settle(target, 'bravo')]);
  });
  afterAll(() => target.remove());

  const attacker = () => bravo.people.owner.key;
  const idOf = ({ owned }: Reference) => (owned === undefined ? alfa.ids['instances'] : alfa.ids[owned]) ?? '';
  const ask = (reference: Reference, id: string) => {
    const route = target.api.route(reference.route);
    const { query, body } = reference.with(id);
    const path = query === undefined ? route.path : `${route.path}?${query}`;
    return target.ask(
      attacker(),
      `${route.method} ${path}`,
      body && { ...sampleBody(target.api, route, 'thief'), ...body },
    );
  };

  it('answers exactly as what is not there, and no event is left', async () => {
    const before = await target.heads();
    for (const reference of references) {
      const id = idOf(reference);
      const [theirs, unknown] = [await ask(reference, id), await ask(reference, unknownLike(id))];
      expect([reference.route, theirs.status, codeOf(theirs)]).toEqual([reference.route, 404, codeOf(unknown)]);
      expect(plain(theirs, id)).toBe(plain(unknown, unknownLike(id)));
    }
    expect(await target.heads()).toEqual(before);
  });

  it('narrows a list to nothing', async () => {
    for (const reference of filters) {
      const id = idOf(reference);
      const [theirs, unknown] = [await ask(reference, id), await ask(reference, unknownLike(id))];
      if (reference.owned === 'hosts') expect(theirs.text).not.toContain(alfa.ids['instances']);
      else expect(plain(theirs, id)).toBe(plain(unknown, unknownLike(id)));
    }
  });

  it('takes no longer and no less time than what is not there', async () => {
    const owned = (route: Route) =>
      route.method === 'GET' &&
      ['instances', 'operations', 'volumes', 'users', 'keys', 'why'].includes(nounOf(route)) &&
      route.path.endsWith('{id}');
    const shows = target.api.routes.filter(owned).map((route) => {
      const path = (id: string) => route.path.replace('{id}', id);
      return {
        name: route.name,
        id: alfa.ids[nounOf(route)] ?? '',
        ask: (id: string) => target.ask(attacker(), `GET ${path(id)}`),
      };
    });
    const named = references
      .filter((it) => it.owned !== undefined)
      .map((it) => ({ name: it.route, id: idOf(it), ask: (id: string) => ask(it, id) }));
    for (const { name, id, ask: look } of [...shows, ...named]) {
      const theirs: number[] = [];
      const unknown: number[] = [];
      // By turns, so that whatever else the machine does weighs on both alike.
      for (let n = 0; n < PAIRS; n++) {
        theirs.push((await look(id)).ms);
        unknown.push((await look(unknownLike(id))).ms);
      }
      const gap = Math.abs(medianOf(theirs) - medianOf(unknown));
      expect({ name, isSmall: gap < GAP_MS, gap }).toMatchObject({ name, isSmall: true });
    }
  }, 60_000);

  it('is not taken over by choosing its id for something of one’s own', async () => {
    const id = alfa.ids['instances'] ?? '';
    const shown = () =>
      target.ask(alfa.people.owner.key, `GET /v1/instances/${id}`).then(({ text }): unknown => JSON.parse(text));
    const before = await shown();
    const claim = await target.ask(attacker(), 'POST /v1/instances', {
      id,
      name: 'mine',
      image: 'tiny',
      flavor: 'nano',
    });
    expect([claim.status, codeOf(claim)]).toEqual([409, 'instance.exists']);
    expect((await target.ask(attacker(), `GET /v1/instances/${id}`)).status).toBe(404);
    expect(await shown()).toEqual(before);
  });

  it('keeps an id that two tenants choose at the same moment for one of them', async () => {
    const create = (key: string, name: string) =>
      target.ask(key, 'POST /v1/instances', { id: 'inst_wanted', name, image: 'tiny', flavor: 'nano' });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => create((n % 2 ? alfa : bravo).people.owner.key, `wanted-${n}`)),
    );
    const byTenant = [answers.filter((_, n) => n % 2), answers.filter((_, n) => !(n % 2))];
    const winners = byTenant.map((its) => its.filter(({ status }) => status === 202).length);
    expect(winners.toSorted((a, b) => a - b)).toEqual([0, 1]);
  });

  it('is looked for in every field that could name something', () => {
    const sounds =
      /(^|[a-z])(id|Id|user|tenant|network|image|flavor|volume|snapshot|backup|key|host|pool|group|instance|resource)$/;
    const known = new Set([
      ...references.map((it) => `${it.route} ${Object.keys(it.with('').body ?? {}).join()}`),
      ...filters.map((it) => `${it.route} ${it.with('').query?.split('=')[0]}`),
      ...Object.keys(noReferences),
    ]);
    const fields = target.api.routes.flatMap((route) => {
      const { properties = {} } = target.api.resolve(route.body ?? {});
      const names = [...Object.keys(properties as object), ...route.inQuery.map((it) => it.name)]; // by JSON Schema
      return names.filter((name) => sounds.test(name)).map((name) => `${route.name} ${name}`);
    });
    expect(fields.filter((field) => !known.has(field))).toEqual([]);
  });
});

const plain = ({ status, text }: Answer, id: string) =>
  `${status} ${text.replaceAll(id, 'ID').replace(/req_[0-9a-z]+/g, 'REQ')}`;

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
