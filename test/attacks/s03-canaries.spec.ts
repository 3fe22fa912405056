import { Listener } from './asking/listener.js';
import { Wire, codeOf } from './asking/wire.js';
import { Target } from './target.js';
import { everybodys, nounOf, settle } from './tenancy.js';
import type { Estate } from './tenancy.js';
import { until } from '../platform.js';
import { Canaries, Recorder } from './watching/recorder.js';

const ROUNDS = 8;

describe('S03: what one tenant works with, and another looks everywhere', () => {
  const canaries = new Canaries();
  const told = { alfa: new Recorder(), bravo: new Recorder() };
  let target: Target;
  let alfa: Estate;
  let bravo: Estate;
  let wires: Readonly<Record<'alfa' | 'bravo', Wire>>;

  /** Everything that a person of the tenant can name, with a canary in each place. */
  const labelled = (where: string) => ({
    labels: { [canaries.plant(`${where}: the name of a label`)]: canaries.plant(`${where}: a label`) },
    sshKeys: [`ssh-ed25519 AAAA ${canaries.plant(`${where}: the comment of a key`)}`],
  });

  beforeAll(async () => {
    target = await Target.start();
    const name = canaries.plant('the name of an instance');
    [alfa, bravo] = await Promise.all([
      settle(target, canaries.plant('the name of a tenant'), { name, ...labelled('an instance') }),
      settle(target, 'bravo'),
    ]);
    wires = { alfa: new Wire(target.server.apiUrl, told.alfa), bravo: new Wire(target.server.apiUrl, told.bravo) };
    const user = {
      name: canaries.plant('the name of a user'),
      email: `${canaries.plant('an e-mail address')}@example.org`,
      displayName: canaries.plant('what a user is called'),
      role: 'viewer',
    };
    expect((await asAlfa('POST /v1/users', user)).status).toBe(201);
    expect((await asAlfa('POST /v1/keys', { name: canaries.plant('the name of a key') })).status).toBe(201);
    for (const id of ['instances', 'operations', 'users', 'keys', 'volumes'])
      canaries.watch(`an id of ${id}`, alfa.ids[id] ?? '');
    canaries.watch('the id of the tenant', alfa.tenantId);
    for (const [role, { userId, keyId }] of Object.entries(alfa.people)) {
      canaries.watch(`the user who is ${role}`, userId);
      canaries.watch(`the key of the ${role}`, keyId);
    }
  });
  afterAll(async () => {
    for (const wire of Object.values(wires)) wire.close();
    await target.remove();
  });

  const as = (
    who: 'alfa' | 'bravo',
    key: string,
    route: string,
    body?: object,
    headers: Record<string, string> = {},
  ) => {
    const [method = '', path = ''] = route.split(' ');
    return wires[who].send({ method, path, body, headers: { authorization: `Bearer ${key}`, ...headers } });
  };
  const asAlfa = (route: string, body?: object, headers?: Record<string, string>) =>
    as('alfa', alfa.people.owner.key, route, body, headers);

  /** A good day of the tenant: things are made, changed, looked for in vain, and removed. */
  const work = async (): Promise<void> => {
    const day = async (round: number) => {
      const name = canaries.plant(`an instance of round ${round}`);
      const headers = {
        'x-request-id': `req_${canaries.plant('the id of a request')}`,
        'idempotency-key': canaries.plant('a key of idempotency'),
      };
      const spec = { name, image: 'tiny', flavor: 'nano', ...labelled(`round ${round}`) };
      const { status, text } = await asAlfa('POST /v1/instances', spec, headers);
      expect(status).toBe(202);
      // By contract, an operation.
      const { id, resource } = JSON.parse(text) as Readonly<{ id: string; resource: { id: string } }>;
      canaries.watch(`the id of an instance of round ${round}`, resource.id);
      await asAlfa(`POST /v1/instances/${alfa.ids['instances']}/exec`, {
        argv: ['echo', canaries.plant('a word of a command')],
      });
      await asAlfa(`GET /v1/instances/${canaries.plant('a name that is not there')}`);
      await asAlfa('POST /v1/instances', { ...spec, labels: {} });
      await target.ended(alfa.people.owner.key, id);
      await asAlfa(`POST /v1/instances/${name}/stop`, { graceSeconds: 0 });
    };
    // All at once: guests take a few seconds to boot.
    await Promise.all(Array.from({ length: ROUNDS }, (_, round) => day(round)));
  };

  /** Everything that another tenant's owner can read without knowing a word. */
  const lookEverywhere = async (): Promise<void> => {
    for (const route of target.api.routes.filter(({ method }) => method === 'GET')) {
      const noun = nounOf(route);
      const own = everybodys[noun] ?? bravo.ids[noun] ?? bravo.ids['instances'] ?? '';
      await as('bravo', bravo.people.owner.key, `GET ${route.path.replace('{id}', own)}`);
    }
    for (const more of ['pageSize=1000', 'pageSize=1', 'status=running', 'status=error']) {
      await as('bravo', bravo.people.owner.key, `GET /v1/instances?${more}`);
    }
    for (const type of [
      'InstanceRequested',
      'QuotaReserved',
      'InstancePlaced',
      'AddressAllocated',
      'InstanceIdClaimed',
      'ProcessStarted',
    ]) {
      await as('bravo', bravo.people.owner.key, `GET /v1/events?type=${type}`);
    }
    for (const shared of Object.values(everybodys)) {
      await as('bravo', bravo.people.owner.key, `GET /v1/events?resource=${shared}`);
      await as('bravo', bravo.people.owner.key, `GET /v1/why/${shared}`);
    }
    await as('bravo', bravo.people.owner.key, 'GET /v1/keys?user=all');
    await as('bravo', bravo.people.owner.key, 'GET /metrics');
  };

  it('is not told to it by a byte: in lists, things, events, streams, causes, operations, figures', async () => {
    const place = { apiUrl: target.server.apiUrl, key: bravo.people.owner.key };
    const streams = await Promise.all([
      Listener.open({ ...place, path: '/v1/events?since=0' }),
      Listener.open({ ...place, path: '/v1/events?type=InstanceRequested' }),
    ]);
    let isOver = false;
    const working = work().finally(() => (isOver = true));
    do await lookEverywhere();
    while (!isOver);
    await working;
    await lookEverywhere();
    const ended = await target.instance(bravo.people.owner.key, { name: 'last', image: 'tiny', flavor: 'nano' });
    await until('the stream has told of the last instance', async () =>
      streams.every(({ text }) => text.includes(ended.id)),
    );
    for (const stream of streams) {
      told.bravo.keep('the stream', stream.text);
      stream.close();
    }

    expect(told.bravo.size).toBeGreaterThan(100);
    expect(told.bravo.leaks(canaries)).toEqual([]);
  }, 90_000);

  it('is not told to it by an error, even when it knows every id', async () => {
    const asked = new Recorder();
    for (const id of Object.values(alfa.ids).filter((it) => !Object.values(everybodys).includes(it))) {
      for (const route of target.api.routes.filter((it) => it.inPath.length > 0)) {
        const answer = await target.ask(bravo.people.owner.key, `${route.method} ${route.path.replace('{id}', id)}`);
        // Whoever says an id is told it back, and nothing else.
        asked.keep(`${route.method} ${route.path} ${codeOf(answer)}`, answer.text.replaceAll(id, ''));
      }
    }
    expect(asked.size).toBeGreaterThan(100);
    expect(asked.leaks(canaries)).toEqual([]);
  }, 30_000);

  it('is all told to the one whose it is', async () => {
    for (const path of ['instances', 'events?pageSize=1000', 'users', 'keys?user=all', 'tenants', 'operations'])
      await asAlfa(`GET /v1/${path}`);
    const found = told.alfa.leaks(canaries).join('\n');
    for (const where of [
      'the name of a tenant',
      'the name of an instance',
      'an instance: a label',
      'an instance: the name of a label',
      'an instance: the comment of a key',
      'the name of a user',
      'an e-mail address',
      'what a user is called',
      'the name of a key',
      'the id of a request',
      'the user who is operator',
    ])
      expect(found).toContain(`told ${where}`);
  });

  it('is not in the figures, nor in what the server says', async () => {
    const { status, text } = await target.ask(target.server.bearer, 'GET /metrics');
    expect(status).toBe(200);
    expect(canaries.in(text)).toEqual([]);
    expect(canaries.in(target.server.log())).toEqual([]);
  });
});
