import { LineStream } from './line-stream.js';

const textOf = async (stream: AsyncIterable<unknown>) => {
  let text = '';
  for await (const part of stream) text += String(part);
  return text;
};
const going = () => new AbortController().signal;

describe('a stream of lines', () => {
  it('is a document in each line', async () => {
    const stream = new LineStream(async function* () {
      yield ['{"n":1}', '{"n":2}'];
      yield [];
      yield ['{"n":3}'];
    });
    expect(stream.contentType).toBe('application/x-ndjson');
    expect(await textOf(stream.toReadable(going()))).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
  });

  it('breaks where its source fails, so that half of it is not taken for all', async () => {
    const stream = new LineStream(async function* () {
      yield ['{"n":1}'];
      throw new Error('the database is away');
    });
    await expect(textOf(stream.toReadable(going()))).rejects.toThrow('the database is away');
  });

  it('ends with its asker, and its source with it', async () => {
    let isLeft = false;
    const gone = new AbortController();
    const stream = new LineStream(async function* () {
      try {
        for (let n = 0; ; n++) yield [`{"n":${n}}`];
      } finally {
        isLeft = true;
      }
    }).toReadable(gone.signal);
    let parts = 0;
    const read = (async () => {
      for await (const part of stream) if (part && ++parts === 3) gone.abort();
    })();
    await expect(read).rejects.toThrow();
    expect(isLeft).toBe(true);
  });

  it('waits for a slow asker', async () => {
    let taken = 0;
    const stream = new LineStream(async function* () {
      for (; taken < 1_000; taken++) yield ['x'.repeat(100_000)];
    }).toReadable(going());
    await stream[Symbol.asyncIterator]().next();
    expect(taken).toBeLessThan(20);
  });
});
