import fc from 'fast-check';
import { faultsIn } from './i-json.js';

const pathsIn = (text: string) => faultsIn(text).faults.map(({ path }) => path);

describe('a JSON text', () => {
  it('is found faultless when every reader reads the same', () => {
    const strings = fc.string({ unit: 'grapheme' }).filter((it) => it.isWellFormed() && !it.includes('\0'));
    const names = strings.filter((it) => it !== '__proto__');
    const numbers = fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', maxDepth: 20 },
        strings,
        numbers.filter((it) => !Object.is(it, -0) && !(Number.isInteger(it) && !Number.isSafeInteger(it))),
        fc.constantFrom(true, false, null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(names, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1, 4), (it, indentation) => {
        expect(pathsIn(JSON.stringify(it, null, indentation))).toEqual([]);
      }),
    );
  });

  for (const [what, text, path] of [
    ['a name twice', '{"a":1,"b":{"c":1,"c":2}}', 'b.c'],
    ['a name twice, once in disguise', '{"a":1,"\\u0061":2}', 'a'],
    ['a name twice in the third of a list', '[{"a":1},{"a":1},{"a":1,"a":1}]', '2.a'],
    ['the name __proto__', '{"labels":{"__proto__":"x"}}', 'labels.__proto__'],
    ['the name __proto__ in disguise', '{"\\u005f_proto__":{}}', '__proto__'],
    ['1e400', '{"a":1e400}', 'a'],
    ['-1e400', '[0,-1e400]', '1'],
    ['1e-400', '[1e-400]', '0'],
    ['-0', '{"a":-0}', 'a'],
    ['-0.0e5', '[-0.0e5]', '0'],
    ['2^53', '{"id":9007199254740992}', 'id'],
    ['-2^53 - 1', '{"id":-9007199254740993}', 'id'],
    ['U+0000', '{"a":"x\\u0000y"}', 'a'],
    ['U+0000 in a name', '{"a\\u0000":1}', ''],
    ['the first half of a character', '{"a":"\\ud83d"}', 'a'],
    ['the second half of a character', '["\\ude00"]', '0'],
    ['more members than any message', `{"a":[${'0,'.repeat(2_000)}0]}`, 'a'],
  ] as const) {
    it(`is at fault for ${what}, and says where`, () => expect(pathsIn(text)).toEqual([path]));
  }

  it('is good for what only looks like a fault', () => {
    const text =
      '{"a":"{\\"a\\":1,\\"a\\":2}","b":"-0","c":["[[[[",1e2,0.0,9007199254740991,"\\\\"],"d":"\\ud83d\\ude00"}';
    expect(pathsIn(text)).toEqual([]);
  });

  it('is not read on when it is nested without end', () => {
    expect(faultsIn('['.repeat(32) + ']'.repeat(32))).toEqual({ faults: [], isMonstrous: false });
    expect(faultsIn('['.repeat(33))).toMatchObject({ isMonstrous: true });
    expect(faultsIn('{"a":'.repeat(100_000))).toMatchObject({ isMonstrous: true });
    expect(faultsIn(`[${'0,'.repeat(100_000)}`)).toMatchObject({ isMonstrous: true });
  });

  it('may be no JSON at all, of any kind', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u00-1e.tn '.split('')) }), (it) => void faultsIn(it)),
    );
  });

  it('of a megabyte is looked through in a moment', () => {
    const texts = [
      `{"a":"${'x'.repeat(1_000_000)}"}`,
      `{"a":"${'\\\\'.repeat(500_000)}"}`,
      `[${'"a",'.repeat(1_000)}${' '.repeat(900_000)}"b"]`,
      '"'.repeat(1_000_000),
      '1'.repeat(1_000_000),
      `[${'[],'.repeat(300_000)}0]`,
    ];
    for (const text of texts) {
      const before = process.cpuUsage();
      faultsIn(text);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1_000).toBeLessThan(200);
    }
  });
});
