import type { InstanceView, Operation, QuotaView } from '@strata/contracts';
import fc from 'fast-check';
import type { AsyncCommand } from 'fast-check';
import { TestPlatform, until } from '../platform.js';
import type { Answer } from '../platform.js';
import { CloudModel, flavors } from './cloud-model.js';
import type { Expected, FlavorName, PowerVerb } from './cloud-model.js';
import { extent } from './extent.js';

/*
 * R02. Whatever two tenants ask of instances and quotas, in whatever order, the API answers as a model of 130 lines does, and
 * shows what the model knows. A sequence that it does not is shrunk to the shortest one. Full: 300 sequences of up to 40
 * requests, 4 minutes. In `npm test`: 20 of up to 25.
 */

const { runs, most } = extent({ short: { runs: 20, most: 25 }, full: { runs: 300, most: 40 } });

const tenants = { admin: 'ten_default', stranger: 'ten_stranger' } as const;
type Person = keyof typeof tenants;
const people = Object.keys(tenants) as Person[]; // Its keys are those of the line above.

const limits = { instances: 4, vcpus: 8 };

/** The cloud under test, as it is asked. */
class Cloud {
  #asked = 0;
  #last: (() => Promise<Answer>) | undefined;
  #lastAnswer: Answer | undefined;

  constructor(readonly platform: TestPlatform) {}

  async change(
    as: Person,
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
    tenant?: string,
  ): Promise<Answer> {
    const headers = {
      'idempotency-key': `key-${++this.#asked}`,
      ...(tenant !== undefined && { 'strata-tenant': tenant }),
    };
    this.#last = () => this.platform.ask(method, path, body, { as, headers });
    this.#lastAnswer = await this.#last();
    return this.#lastAnswer;
  }

  async repeat(): Promise<void> {
    const again = await this.#last?.();
    expect(again?.body).toEqual(this.#lastAnswer?.body);
  }

  read = (as: Person, path: string): Promise<Answer> => this.platform.ask('GET', path, undefined, { as });

  /** Operations take their time; the model does not. */
  async ended(as: Person, { body }: Answer): Promise<Operation> {
    const begun = body as Operation; // 202 answers an operation, by contract.
    // What was so already is no operation that anybody could ask for.
    if (hasEnded(begun)) return begun;
    return until(`${begun.id} ends`, async () => {
      const operation = (await this.read(as, `/v1/operations/${begun.id}`)).body as Operation; // as above
      return hasEnded(operation) && operation;
    });
  }
}

const hasEnded = ({ status }: Operation) => status !== 'running' && status !== 'undoing';

const expectAnswer = ({ status, body }: Answer, expected: Expected) => {
  const code = (body as { code?: string | null }).code ?? undefined;
  expect([status, status < 400 ? undefined : code]).toEqual([expected.status, expected.code]);
};

/** What each may see is what the model knows. */
const expectSame = async (model: CloudModel, cloud: Cloud) => {
  for (const as of people) {
    const { items } = (await cloud.read(as, '/v1/instances')).body as { items: InstanceView[] }; // 200 answers a page
    const shown = items.map(({ id, name, status, task, vcpus }) => ({ id, name, status, task, vcpus }));
    const known = model
      .of(tenants[as])
      .instances.map(({ flavor, ...it }) => ({ ...it, task: null, vcpus: flavors[flavor].vcpus }));
    expect(byId(shown)).toEqual(byId(known));
    const { used } = (await cloud.read(as, '/v1/quota')).body as QuotaView; // by contract
    expect(used).toMatchObject(model.used(tenants[as]));
  }
};

const byId = <T extends { id: string }>(all: readonly T[]) => all.toSorted((a, b) => (a.id < b.id ? -1 : 1));

type Step = AsyncCommand<CloudModel, Cloud>;

const step = (words: string, run: (model: CloudModel, cloud: Cloud) => Promise<void>): Step => ({
  check: () => true,
  run: async (model, cloud) => {
    await run(model, cloud);
    await expectSame(model, cloud);
  },
  toString: () => words,
});

const create = (as: Person, name: string, flavor: FlavorName, chosen: string | undefined) =>
  step(`${as} creates ${name} (${flavor}${chosen === undefined ? '' : `, ${chosen}`})`, async (model, cloud) => {
    const body = { name, flavor, image: 'tiny', ...(chosen !== undefined && { id: chosen }) };
    const answer = await cloud.change(as, 'POST', '/v1/instances', body);
    expectAnswer(answer, model.create(tenants[as], name, flavor, chosen));
    if (answer.status !== 202) return;
    const { status, resource } = await cloud.ended(as, answer);
    expect(status).toBe('succeeded');
    model.created(tenants[as], { id: resource.id, name, flavor });
  });

const power = (as: Person, verb: PowerVerb, nameOrId: string) =>
  step(`${as} asks ${nameOrId} to ${verb}`, async (model, cloud) => {
    const answer = await cloud.change(as, 'POST', `/v1/instances/${nameOrId}/${verb}`, {});
    expectAnswer(answer, model.change(tenants[as], nameOrId, verb));
    if (answer.status === 202) expect((await cloud.ended(as, answer)).status).toBe('succeeded');
  });

const remove = (as: Person, nameOrId: string) =>
  step(`${as} deletes ${nameOrId}`, async (model, cloud) => {
    const answer = await cloud.change(as, 'DELETE', `/v1/instances/${nameOrId}`);
    expectAnswer(answer, model.remove(tenants[as], nameOrId));
    if (answer.status === 202) expect((await cloud.ended(as, answer)).status).toBe('succeeded');
  });

const limit = (of: Person, instances: number, vcpus: number) =>
  step(`the quota of ${of} is ${instances} instances, ${vcpus} vCPU`, async (model, cloud) => {
    expectAnswer(await cloud.change('admin', 'PUT', '/v1/quota', { instances, vcpus }, tenants[of]), { status: 200 });
    model.limit(tenants[of], { instances, vcpus });
  });

const peek = (as: Person, nameOrId: string) =>
  step(`${as} looks at ${nameOrId}`, async (model, cloud) => {
    const found = model.find(tenants[as], nameOrId);
    const expected = found ? { status: 200 } : { status: 404, code: 'instance.not-found' };
    expectAnswer(await cloud.read(as, `/v1/instances/${nameOrId}`), expected);
  });

const repeat = () => step('whoever asked last asks again', (_, cloud) => cloud.repeat());

const person = fc.constantFrom(...people);
const name = fc.constantFrom('a', 'b', 'c');
const chosen = fc.constantFrom('inst_one', 'inst_two');
const nameOrId = fc.oneof(name, chosen);
const verb = fc.constantFrom<PowerVerb[]>('start', 'stop', 'pause', 'resume', 'reboot');
const flavor = fc.constantFrom<FlavorName[]>('nano', 'large');

const steps = [
  fc.tuple(person, name, flavor, fc.option(chosen, { nil: undefined })).map((it) => create(...it)),
  fc.tuple(person, name, flavor, fc.option(chosen, { nil: undefined })).map((it) => create(...it)),
  fc.tuple(person, verb, nameOrId).map((it) => power(...it)),
  fc.tuple(person, nameOrId).map((it) => remove(...it)),
  fc.tuple(person, nameOrId).map((it) => peek(...it)),
  fc.tuple(person, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 12 })).map((it) => limit(...it)),
  fc.constant(null).map(repeat),
];

describe('R02: what tenants ask of instances and quotas', () => {
  it(`is answered as the model answers it, in ${runs} sequences`, async () => {
    const property = fc.asyncProperty(fc.commands(steps, { maxCommands: most, size: 'max' }), async (commands) => {
      const platform = await TestPlatform.create();
      try {
        const cloud = new Cloud(platform);
        const model = new CloudModel(Object.values(tenants), limits);
        for (const of of people) await cloud.change('admin', 'PUT', '/v1/quota', limits, tenants[of]);
        await fc.asyncModelRun(() => ({ model, real: cloud }), commands);
      } finally {
        await platform.close();
      }
    });
    const seed = Number(process.env['STRATA_SEED'] ?? Date.now() % 2 ** 31);
    console.log(`R02: ${runs} sequences from STRATA_SEED=${seed}`);
    await fc.assert(property, { numRuns: runs, seed, endOnFailure: false });
  }, 600_000);
});
