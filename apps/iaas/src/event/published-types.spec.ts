import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { history } from '../history.js';

const committed = (path: string): unknown => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, path))) folder = dirname(folder);
  return JSON.parse(readFileSync(join(folder, path), 'utf8'));
};

describe('the events of this service', () => {
  it('are all in the AsyncAPI document, and it has no other', () => {
    const { components } = z
      .object({ components: z.object({ messages: z.record(z.string(), z.unknown()) }) })
      .parse(committed('libs/contracts/spec/asyncapi.json'));
    expect(Object.keys(components.messages).toSorted()).toEqual(Object.keys(history).toSorted());
  });
});
