import { shapeOf } from './shape.js';
import { broken, missing } from './shape-law.js';

describe('a shape', () => {
  it('says what values have in common, and where they differ', () => {
    expect(
      shapeOf([
        { a: 1, b: null, labels: { x: 'y' } },
        { a: 2, b: 'text', c: [{ d: true }, { d: 1 }] },
      ]),
    ).toEqual({
      a: 'number',
      b: 'null | string',
      'labels?': { '*': 'string' },
      'c?': [{ d: 'boolean | number' }],
    });
    expect(shapeOf([null, { a: 1 }, []])).toEqual({ either: ['null', { a: 'number' }, []] });
    expect(shapeOf([{ labels: {} }])).toEqual({ labels: {} });
  });
});

describe('the law of shapes', () => {
  const shapes = (data: object) => ({ 'Baked 1': shapeOf([data]) });
  const released = shapes({ grams: 1, by: { name: 'ann' } });

  it('has nothing against what has stayed, or of which more is told', () => {
    expect(broken(released, released)).toEqual([]);
    expect(
      broken(released, {
        'Baked 1': shapeOf([
          { grams: 1, by: { name: 'ann' } },
          { grams: 1, by: { name: null } },
        ]),
      }),
    ).toEqual([]);
    expect(broken(released, { 'Baked 2': shapeOf([{}]) })).toEqual([]);
  });

  for (const [change, data, words] of [
    ['a property that comes', { grams: 1, by: { name: 'ann', age: 7 } }, 'by.age is new ("number")'],
    ['a property that goes', { grams: 1, by: {} }, 'by.name is gone ("string")'],
    ['another type', { grams: '1', by: { name: 'ann' } }, 'grams was "number" and is "string"'],
  ] as const) {
    it(`refuses ${change}, and says what to do`, () => {
      const [complaint] = broken(released, shapes(data));
      expect(complaint).toContain(`Baked 1 has changed: ${words}. What is stored stays as it is.`);
      expect(complaint).toContain('give Baked a new version');
    });
  }

  it('asks for an example of what is new', () => {
    const now = { 'Eaten 1': shapeOf([{}]) };
    expect(missing(released, now, { ...released, ...now })).toEqual([
      'Eaten 1 is new: `npm run corpus` keeps an example of it.',
    ]);
    const wider = { 'Baked 1': shapeOf([{ grams: null, by: { name: 'ann' } }]) };
    const both = {
      'Baked 1': shapeOf([
        { grams: null, by: { name: 'ann' } },
        { grams: 1, by: { name: 'ann' } },
      ]),
    };
    expect(missing(released, wider, both)[0]).toContain('grams was "number" and is "null | number"');
    expect(missing(released, released, released)).toEqual([]);
  });
});
