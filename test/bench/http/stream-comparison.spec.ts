import { compare } from './stream-comparison.js';

describe('what clients of a stream received', () => {
  const wanted = [3, 5, 6, 9];

  it('is right when each has everything, once and in order', () => {
    expect(compare(wanted, [wanted, wanted])).toEqual({ delivered: 8, missed: 0, repeated: 0, disordered: 0 });
  });

  it('is counted where something is missed', () => {
    expect(compare(wanted, [[3, 6, 9], []])).toMatchObject({ missed: 5, repeated: 0 });
  });

  it('is counted where something comes twice, also behind later ones', () => {
    expect(compare(wanted, [[3, 5, 5, 6, 9]])).toMatchObject({ missed: 0, repeated: 1, disordered: 0 });
    expect(compare(wanted, [[3, 5, 6, 5, 6, 9]])).toMatchObject({ missed: 0, repeated: 2, disordered: 1 });
  });

  it('may go on behind what is compared', () => {
    expect(compare(wanted, [[...wanted, 10, 11]])).toMatchObject({ delivered: 6, missed: 0, repeated: 0 });
  });
});
