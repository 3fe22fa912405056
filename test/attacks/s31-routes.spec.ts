import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Target } from './target.js';

/** Not part of the public API, which speaks JSON: Prometheus reads it, and only administrators of the platform may. */
const undocumented = ['GET /metrics'];

describe('S31: the routes that are served', () => {
  let target: Target;
  beforeAll(async () => {
    target = await Target.start();
  });
  afterAll(() => target.remove());

  it('are those of the document, and no other', () => {
    const documented = target.api.routes.map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
    expect(documented.length).toBeGreaterThan(40);
    expect(target.testimony.routes.toSorted()).toEqual([...documented, ...undocumented].toSorted());
  });

  it('are those of the committed document', async () => {
    const { text } = await target.ask(undefined, 'GET /v1/openapi.json');
    expect(JSON.parse(text)).toEqual(
      JSON.parse(readFileSync(join(process.cwd(), 'libs/contracts/spec/openapi.json'), 'utf8')),
    );
  });
});
