import type { Answer } from './asking/wire.js';
import { codeOf } from './asking/wire.js';
import { Target } from './target.js';
import { cpuMsOf } from './watching/processes.js';
import { settle } from './tenancy.js';
import type { Estate } from './tenancy.js';

const BOUND_MS = 50;
const TIMES = 5;

const deep = (open: string, close: string, count = 100_000) => open.repeat(count) + close.repeat(count);
const spec = (fields: string) => `{"name":"web","image":"tiny","flavor":"nano",${fields}}`;

/** Bodies for `POST /v1/instances`, each with how it is refused. */
const bombs: Readonly<Record<string, readonly [body: string, code: string]>> = {
  '100,000 lists in one another': [deep('[', ']'), 'request.invalid'],
  '100,000 objects in one another': [deep('{"a":', '}').replace('}', '1}'), 'request.invalid'],
  '100,000 objects in one another, in labels': [
    spec(`"labels":${deep('{"a":', '}').replace('}', '1}')}`),
    'request.invalid',
  ],
  '500,000 brackets without an end': ['['.repeat(500_000), 'request.invalid'],
  'a name twice': [spec('"name":"other"'), 'request.invalid'],
  'a name twice, once in disguise': [spec('"n\\u0061me":"other"'), 'request.invalid'],
  'a label twice': [spec('"labels":{"a":"1","a":"2"}'), 'request.invalid'],
  '1e400': [spec('"vcpus":1e400'), 'request.invalid'],
  '-1e400': [spec('"vcpus":-1e400'), 'request.invalid'],
  '-0': [spec('"vcpus":-0'), 'request.invalid'],
  NaN: [spec('"vcpus":NaN'), 'request.malformed'],
  Infinity: [spec('"vcpus":Infinity'), 'request.malformed'],
  '2^53 + 1': [spec('"vcpus":9007199254740993'), 'request.invalid'],
  '2^53 + 1 as an id': [spec('"id":9007199254740993'), 'request.invalid'],
  'a number of 100,000 digits': [spec(`"vcpus":${'9'.repeat(100_000)}`), 'request.invalid'],
  'half a character': [spec('"labels":{"a":"\\ud83d"}'), 'request.invalid'],
  'the other half': [spec('"labels":{"a":"\\ude00"}'), 'request.invalid'],
  'U+0000 in a value': [spec('"labels":{"a":"\\u0000"}'), 'request.invalid'],
  'U+0000 in a name': [spec('"labels":{"a\\u0000":"b"}'), 'request.invalid'],
  'U+0000 in a key': [spec('"sshKeys":["ssh-ed25519 AAAA a\\u0000b"]'), 'request.invalid'],
  'a raw control character': [spec('"labels":{"a":"\u0001"}'), 'request.malformed'],
  '10,000 labels': [
    spec(`"labels":{${Array.from({ length: 10_000 }, (_, n) => `"l${n}":"x"`).join()}}`),
    'request.invalid',
  ],
  '50,000 unknown fields': [spec(Array.from({ length: 50_000 }, (_, n) => `"f${n}":1`).join()), 'request.invalid'],
  'a field with a name of 900,000 letters': [spec(`"${'x'.repeat(900_000)}":1`), 'request.invalid'],
  'a value of 900,000 letters': [spec(`"labels":{"a":"${'x'.repeat(900_000)}"}`), 'request.invalid'],
  'a value of 300,000 escapes': [spec(`"labels":{"a":"${'\\\\'.repeat(300_000)}"}`), 'request.invalid'],
  'half a million quotes': ['"'.repeat(500_000), 'request.malformed'],
  'a comment': [spec('/* */"vcpus":1'), 'request.malformed'],
  'a byte order mark': [`\ufeff${spec('"vcpus":1')}`, 'request.malformed'],
};

describe('S18: JSON that wants to do harm', () => {
  let target: Target;
  let alfa: Estate;
  beforeAll(async () => {
    target = await Target.start();
    alfa = await settle(target, 'alfa');
  });
  afterAll(() => target.remove());

  const create = (body: string, key: string | undefined = alfa.people.owner.key) =>
    target.ask(key, 'POST /v1/instances', body);
  const said = (answer: Answer) => `${answer.status} ${codeOf(answer)}`;

  it('is refused, in a moment, and leaves no event', async () => {
    await create('{}');
    const before = await target.heads();
    const found: string[] = [];
    for (const [what, [body, code]] of Object.entries(bombs)) {
      const answers: Answer[] = [];
      const cpu = cpuMsOf(target.server.pid);
      for (let n = 0; n < TIMES; n++) answers.push(await create(body));
      const each = (cpuMsOf(target.server.pid) - cpu) / TIMES;
      const told = answers.find((answer) => said(answer) !== `400 ${code}`);
      if (told) found.push(`${what}: told ${said(told)} instead of ${code}`);
      if (each > BOUND_MS) found.push(`${what}: took ${each.toFixed(1)} ms of the processor`);
      const [answer] = answers;
      if (answer && answer.text.length > 20_000) found.push(`${what}: an answer of ${answer.text.length} bytes`);
    }
    expect(found).toEqual([]);
    expect(await target.heads()).toEqual(before);
  }, 60_000);

  it('is not even read when nobody knows who sends it', async () => {
    for (const [body] of Object.values(bombs)) expect(said(await create(body, 'nobody'))).toBe('401 auth.required');
  });

  it('is refused at the one door that lets everybody in', async () => {
    for (const [what, [body]] of Object.entries(bombs)) {
      const { status } = await target.ask(undefined, 'POST /v1/login', body.replace('"image"', '"password"'));
      expect(`${what}: ${status}`).toBe(`${what}: 400`);
    }
  });

  it('is refused in addresses, too', async () => {
    for (const path of ['/v1/instances/%00', '/v1/instances/a%00b', '/v1/instances?name=%00', '/v1/why/inst_%00']) {
      expect([path, said(await target.ask(alfa.people.owner.key, `GET ${path}`))]).toEqual([
        path,
        '400 request.invalid',
      ]);
    }
    for (const path of ['/v1/instances/%ff', '/v1/instances/%ed%a0%80', '/v1/why/%c0%80']) {
      expect([path, said(await target.ask(alfa.people.owner.key, `GET ${path}`))]).toEqual([
        path,
        '400 request.malformed',
      ]);
    }
  });

  it('stops nobody else: the thread was never busy for long', () => {
    expect(target.testimony.stalls(alfa.settledAt).filter(({ computed }) => computed > 100)).toEqual([]);
  });
});
