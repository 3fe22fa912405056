import fc from 'fast-check';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { typeid } from 'typeid-js';
import { mutantsOf } from './asking/mutants.js';
import type { Answer, Sent } from './asking/wire.js';
import { codeOf } from './asking/wire.js';
import { Target } from './target.js';
import { everybodys, settle } from './tenancy.js';
import type { Estate } from './tenancy.js';

/** `STRATA_ATTACKS=full` asks ten times as much; `STRATA_SEED` asks the same again. */
const COUNT = process.env['STRATA_ATTACKS'] === 'full' ? 20_000 : 2_000;
const SEED = Number(process.env['STRATA_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = 8;
const STALL_MS = 100;

describe(`S37: ${COUNT} requests that are good or bad in many ways (STRATA_SEED=${SEED})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-canary-'));
  const canary = join(folder, 'owned');
  let target: Target;
  let alfa: Estate;
  let programs: number;
  const told: Readonly<{ sent: Sent; requestId: string; answer: Answer }>[] = [];
  const lost: string[] = [];

  beforeAll(async () => {
    target = await Target.start();
    alfa = await settle(target, 'alfa');
    const bravo = await settle(target, 'bravo');
    await target.order('PUT /v1/quota', { instances: 12 }, alfa.tenantId);
    programs = target.testimony.started.length;
    const ids = Object.fromEntries(
      Object.entries(alfa.ids).map(([noun, id]) => [noun, [id, bravo.ids[noun] ?? id, everybodys[noun] ?? 'web']]),
    );
    const { owner, operator, viewer } = alfa.people;
    const keys = [owner.key, owner.key, operator.key, viewer.key, bravo.people.owner.key, undefined];
    const requests = fc.sample(mutantsOf({ api: target.api, ids, canary, keys }), { numRuns: COUNT, seed: SEED });
    await ask(requests);
  }, 900_000);
  afterAll(async () => {
    await target.remove();
    rmSync(folder, { recursive: true });
  });

  const ask = async (requests: readonly Sent[]): Promise<void> => {
    let next = 0;
    const work = async () => {
      for (let sent = requests[next++]; sent; sent = requests[next++]) {
        const requestId = typeid('req').toString();
        const headers = { 'x-request-id': requestId, ...sent.headers };
        try {
          told.push({ sent, requestId, answer: await target.wire.send({ ...sent, headers }) });
        } catch (error) {
          lost.push(`${sent.method} ${sent.path}: ${String(error)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  };

  it('are all answered, none with a failure of ours', () => {
    expect(lost).toEqual([]);
    expect(told).toHaveLength(COUNT);
    const failures = told.filter(({ answer }) => answer.status >= 500);
    expect(
      failures.map(({ sent, answer }) => ({ sent, status: answer.status, text: answer.text.slice(0, 300) })),
    ).toEqual([]);
    expect(target.server.log()).not.toMatch(/internal\.error|unhandled|uncaught/i);
  });

  it('reach everything: they are let in and turned away in every way', () => {
    const statuses = new Set(told.map(({ answer }) => answer.status));
    for (const status of [200, 202, 400, 401, 403, 404, 409]) expect([...statuses]).toContain(status);
    const accepted = told.filter(({ answer }) => answer.status < 300);
    expect(accepted.length).toBeGreaterThan(COUNT / 20);
  });

  it('never keep the thread busy for long', () => {
    // What a browser-sized answer costs is no stall; a thread that computes for so long is one.
    expect(target.testimony.stalls(alfa.settledAt).filter(({ computed }) => computed > STALL_MS)).toEqual([]);
  });

  it('execute nothing, and change nothing of what every object is', async () => {
    expect(existsSync(canary)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
    expect(target.testimony.started.slice(programs)).toEqual([]);
    expect(target.testimony.pollution).toEqual([]);
    expect(await target.stored(`SELECT FROM pg_tables WHERE tablename = 'owned'`)).toEqual([]);
  });

  it('leave nothing in the log that was refused', async () => {
    // Who was to run something in a guest that did not answer has asked for it: that is no refusal of ours.
    const refused = told.filter(
      ({ sent, answer }) =>
        answer.status >= 400 &&
        sent.headers?.['x-request-id'] === undefined &&
        codeOf(answer) !== 'instance.unreachable',
    );
    expect(refused.length).toBeGreaterThan(COUNT / 4);
    expect(await target.eventsOf(refused.map(({ requestId }) => requestId))).toEqual([]);
  });

  it('leave a server that serves', async () => {
    const { id } = await target.instance(target.server.bearer, { name: 'after', image: 'tiny', flavor: 'nano' });
    expect((await target.ask(target.server.bearer, `GET /v1/instances/${id}`)).status).toBe(200);
  }, 60_000);
});
