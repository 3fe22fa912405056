import { Controller, Get } from '@nestjs/common';
import { connect } from 'node:net';
import { Asked, Implement, createHttpApp } from './index.js';
import { CupModule, CupView, Journal, cups, expectProblem, openShop } from './cups.fixtures.js';

const { create, poured, port, send } = openShop();

describe('a request', () => {
  it('is checked, handled and answered as the contract says', async () => {
    const answer = await create({ size: 3 });
    expect(answer.statusCode).toBe(202);
    const cup = CupView.parse(answer.json());
    expect(cup).toMatchObject({ size: 3, tenantId: 'ten_a' });
    expect(cup.id).toMatch(/^op_[0-9a-z]{26}$/);
    expect(answer.headers['location']).toBe(`/v1/operations/${cup.id}`);
  });

  it('knows its defaults, coerces its query and names the anonymous', async () => {
    expect((await send({ method: 'GET', url: '/v1/cups/c1' })).json()).toEqual({ id: 'c1', pageSize: 3 });
    expect((await send({ method: 'GET', url: '/v1/cups/c1?pageSize=5' })).json()).toEqual({ id: 'c1', pageSize: 5 });
    expect((await send({ method: 'GET', url: '/v1/menu', as: null })).json()).toEqual({ userId: 'anonymous' });
  });

  it('is told how far the log had come and, of what is past, when that was', async () => {
    const now = await send({ method: 'GET', url: '/v1/cups/c1' });
    expect(now.headers).toMatchObject({ 'strata-position': '9' });
    expect(now.headers).not.toHaveProperty('strata-at');
    const then = await send({ method: 'GET', url: '/v1/cups/c1?at=7' });
    expect(then.headers).toMatchObject({ 'strata-position': '7', 'strata-at': '2026-11-22T09:08:07.000Z' });
    expect(then.json()).toEqual({ id: 'c1', pageSize: 3 });
  });

  it('that changes something has no past', async () => {
    expectProblem(await send({ url: '/v1/cups?at=7', payload: { size: 1 } }), 400, 'request.invalid');
    expect(poured()).toEqual([]);
  });

  it('may end without a document', async () => {
    const answer = await send({ method: 'DELETE', url: '/v1/cups/c1', as: 'admin' });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
  });

  it('carries an id of the asker, or one of ours, through the answer and into its commands', async () => {
    const ours = await create();
    expect(ours.headers['x-request-id']).toMatch(/^req_[0-9a-z]{26}$/);
    const theirs = await create({ size: 1 }, { 'x-request-id': 'req_abc' });
    expect(theirs.headers['x-request-id']).toBe('req_abc');
    expect(poured().at(-1)).toMatchObject({ meta: { correlationId: 'req_abc', causationId: 'req_abc' } });
    const forged = await create({ size: 1 }, { 'x-request-id': 'req_<script>' });
    expect(forged.headers['x-request-id']).toMatch(/^req_[0-9a-z]{26}$/);
  });

  it('tells browsers to keep nothing and to guess nothing, and does not say what runs here', async () => {
    for (const answer of [await create(), await send({ url: '/nowhere' })]) {
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      expect(answer.headers).not.toHaveProperty('x-powered-by');
      expect(answer.headers).not.toHaveProperty('server');
    }
  });
});

describe('who asks', () => {
  for (const [what, authorization] of [
    ['nothing', undefined],
    ['an unknown key', 'Bearer key-emperor'],
    ['another scheme', 'Basic a2V5OnZpZXdlcg=='],
    ['two words', 'Bearer key-viewer key-admin'],
  ] as const) {
    it(`must be known: ${what} is not enough`, async () => {
      const answer = await send({ as: null, payload: { size: 1 }, headers: authorization ? { authorization } : {} });
      expectProblem(answer, 401, 'auth.required');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    });
  }

  it('needs the role of the endpoint, or a higher one', async () => {
    expectProblem(await send({ as: 'viewer', payload: { size: 1 } }), 403, 'auth.forbidden');
    expectProblem(await send({ as: 'operator', method: 'DELETE', url: '/v1/cups/c' }), 403, 'auth.forbidden');
    expect((await send({ as: 'platform-administrator', payload: { size: 1 } })).statusCode).toBe(202);
    expect(poured()).toHaveLength(1);
  });

  it('is told nothing about the body before the role is known', async () => {
    expectProblem(await send({ as: 'viewer', payload: { size: 'wrong' } }), 403, 'auth.forbidden');
  });

  it('may act for another tenant as an administrator of the platform only', async () => {
    const other = { 'strata-tenant': 'ten_b' };
    const payload = { size: 1 };
    const answer = await send({ as: 'platform-administrator', payload, headers: other });
    expect(answer.json()).toMatchObject({ tenantId: 'ten_b' });
    expect(poured()).toMatchObject([
      { principal: { tenantId: 'ten_b' }, meta: { actor: 'user_platform-administrator' } },
    ]);
    expectProblem(await send({ as: 'admin', payload, headers: other }), 403, 'auth.forbidden');
    expect((await send({ as: 'admin', payload, headers: { 'strata-tenant': 'ten_a' } })).statusCode).toBe(202);
    const strange = { 'strata-tenant': "ten_b' OR 1=1" };
    expectProblem(await send({ as: 'platform-administrator', payload, headers: strange }), 400, 'request.invalid');
  });

  it('is nobody with two keys, whichever is read first', async () => {
    const ask = (...lines: readonly string[]) => onTheWire(['GET /v1/cups/c HTTP/1.1', 'host: a', ...lines]);
    const [viewer, admin] = ['authorization: Bearer key-viewer', 'Authorization: Bearer key-admin'];
    expect(await ask(viewer)).toMatch(/^HTTP\/1.1 200/);
    expect(await ask(viewer, admin)).toMatch(/^HTTP\/1.1 401/);
    expect(await ask(viewer, viewer)).toMatch(/^HTTP\/1.1 401/);
  });

  it('with a key that only looks changes nothing, whatever its role', async () => {
    const looking = 'admin+looks';
    expect((await send({ as: looking, method: 'GET', url: '/v1/cups/c' })).statusCode).toBe(200);
    expectProblem(await send({ as: looking, payload: { size: 1 } }), 403, 'auth.forbidden');
    expectProblem(await send({ as: looking, method: 'DELETE', url: '/v1/cups/c' }), 403, 'auth.forbidden');
    expect(poured()).toEqual([]);
  });

  it('with a key for some things does nothing with others', async () => {
    expect((await send({ as: 'operator+cups', payload: { size: 1 } })).statusCode).toBe(202);
    const engrave = { as: 'operator+cups', url: '/v1/cups/c/engraving', payload: { words: 'w' } } as const;
    const { detail } = expectProblem(await send(engrave), 403, 'auth.forbidden');
    expect(detail).toBe('this key is for cups only, and this is about engravings');
  });

  it('has the address of the connection, whatever headers say', async () => {
    await create(
      { size: 1 },
      { 'x-forwarded-for': '198.51.100.1', 'x-real-ip': '198.51.100.1', forwarded: 'for=1.2.3.4' },
    );
    expect(poured()).toMatchObject([{ peer: '127.0.0.1' }]);
  });
});

describe('an application', () => {
  const starting = (controller: new () => object) => {
    const providers = Reflect.getMetadata('providers', CupModule);
    return createHttpApp({ module: class Odd {}, controllers: [controller], providers }, { logger: new Journal() });
  };

  it('does not start with a route that no contract describes', async () => {
    @Controller()
    class Backdoor {
      @Get('/debug')
      debug() {
        return 'everything';
      }
    }
    await expect(starting(Backdoor)).rejects.toThrow('Backdoor.debug (GET) is not bound by @Implement');
  });

  it('does not compile with a handler that answers, or expects, another shape', () => {
    class Mistaken {
      // @ts-expect-error a show answers `pageSize` too
      @Implement(cups.show)
      short() {
        return { id: 'c' };
      }

      // @ts-expect-error there is no `size` in the question of a show
      @Implement(cups.show)
      strange({ body }: Readonly<{ body: { size: number } }>) {
        return { id: 'c', pageSize: body.size };
      }
    }
    expect(Mistaken.prototype).toHaveProperty('short');
  });

  it('does not start with a handler that asks for another request than it implements', async () => {
    @Controller()
    class Confused {
      @Implement(cups.public)
      menu(@Asked(cups.show) _: Asked<typeof cups.public>) {
        return { userId: 'x' };
      }
    }
    await expect(starting(Confused)).rejects.toThrow('implements get /v1/menu and asks for get /v1/cups/:id');
  });
});

const onTheWire = (lines: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = '';
    const text = [...lines, 'connection: close', '', ''].join('\r\n');
    const socket = connect(port(), '127.0.0.1', () => socket.write(text));
    socket.on('data', (part) => (heard += String(part)));
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
  });
