import { pageTokenOf, paged, readPageToken } from './paging.js';

describe('a page', () => {
  const rows = ['a', 'b', 'c'];
  const list = async ({ limit, after }: Readonly<{ limit: number; after?: string }>) => {
    const start = after === undefined ? 0 : Number(after);
    const end = start + limit;
    return { rows: rows.slice(start, end), next: end < rows.length ? String(end) : undefined };
  };
  const ask = (pageSize: number, pageToken?: string) =>
    paged('letters', { pageSize, pageToken }, list, (it) => it.toUpperCase());

  it('leads to the next one until there is none', async () => {
    const first = await ask(2);
    expect(first.items).toEqual(['A', 'B']);
    expect(await ask(2, first.nextPageToken ?? undefined)).toEqual({ items: ['C'], nextPageToken: null });
    expect(await ask(3)).toEqual({ items: rows.map((it) => it.toUpperCase()), nextPageToken: null });
  });

  it('has a token that is opaque to addresses and says what it said', () => {
    const cursor = '["ü?&=", 1]';
    expect(pageTokenOf('letters', cursor)).toMatch(/^[\w-]+$/);
    expect(readPageToken('letters', pageTokenOf('letters', cursor))).toBe(cursor);
  });

  const base64 = (text: string) => Buffer.from(text).toString('base64url');
  for (const [what, token] of [
    ['of another list', pageTokenOf('numbers', '1')],
    ['without a sum', base64('["1"]')],
    ['with a wrong sum', base64('["1","AAAAAAAA"]')],
    ['of another shape', base64('{"after":1}')],
    ['that is no JSON', base64('1,2')],
    ['that is nothing', ''],
    ['that is noise', '%%%\u0000'],
  ] as const) {
    it(`refuses a token ${what}`, async () => {
      await expect(ask(2, token)).rejects.toMatchObject({
        code: 'request.invalid',
        errors: [{ path: 'query.pageToken' }],
      });
    });
  }
});
