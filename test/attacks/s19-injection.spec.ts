import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { injections } from './asking/nasty.js';
import type { Route } from './asking/routes.js';
import { NAME, sampleBody, textPlacesOf, withValue } from './asking/values.js';
import type { Place } from './asking/values.js';
import { Target } from './target.js';
import { nounOf, settle } from './tenancy.js';
import type { Estate } from './tenancy.js';

const Begun = z.object({ resource: z.object({ id: z.string() }) });

describe('S19: words that would do harm if they were taken for anything but text', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-canary-'));
  const canary = join(folder, 'owned');
  const words = injections(canary);
  let target: Target;
  let alfa: Estate;
  let programs: number;
  let count = 0;

  beforeAll(async () => {
    target = await Target.start();
    alfa = await settle(target, 'alfa');
    programs = target.testimony.started.length;
  });
  afterAll(async () => {
    await target.remove();
    rmSync(folder, { recursive: true });
  });

  const places = (): readonly (readonly [Route, Place])[] =>
    target.api.mutations.flatMap((route) =>
      textPlacesOf(target.api, route.body ?? {}).map((place) => [route, place] as const),
    );
  const send = (route: Route, body: unknown) => {
    const path = route.path.replace('{id}', alfa.ids[nounOf(route)] ?? 'inst_none');
    const isOpen = route.access === 'anonymous';
    return target.ask(
      isOpen ? undefined : target.server.bearer,
      `${route.method} ${path}`,
      JSON.stringify(body),
      isOpen ? {} : { 'strata-tenant': alfa.tenantId },
    );
  };
  const strings = (it: unknown): readonly string[] =>
    typeof it === 'string'
      ? [it]
      : typeof it === 'object' && it !== null
        ? [...Object.keys(it), ...Object.values(it).flatMap(strings)]
        : [];

  it('are stored as they are or refused, in every field of every body', async () => {
    expect(places().length).toBeGreaterThan(20);
    const instances: Readonly<{ id: string; word: string }>[] = [];
    const found: string[] = [];
    for (const [route, place] of places()) {
      // A password is hashed, which takes its time: a few words tell as much as all.
      const some = place.some((it) => it === 'password' || it === 'current') ? words.slice(0, 3) : words;
      for (const word of some) {
        const body = withValue(
          sampleBody(target.api, route, `n${(count += 1)}`),
          place,
          place.at(0) === 'sshKeys' ? `ssh-ed25519 AAAA ${word}` : word,
        );
        const { status, text } = await send(route, body);
        const where = `${route.name} ${place.join('.')} ${JSON.stringify(word.slice(0, 40))}`;
        if (status >= 500 || status === 0) found.push(`${where}: ${status} ${text.slice(0, 200)}`);
        if (status >= 300) continue;
        const shown: unknown = JSON.parse(text);
        if (route.name === 'instances.create') instances.push({ id: Begun.parse(shown).resource.id, word });
        // Whatever a thing shows of a word that it has taken, it shows whole.
        const isThing = route.status !== 202 && place.at(-1) !== NAME;
        const field = isThing ? place.at(0) : undefined;
        const told =
          field !== undefined && Object.hasOwn(shown as object, field)
            ? strings((shown as Record<string, unknown>)[field])
            : []; // JSON
        if (told.length > 0 && !told.includes(word)) found.push(`${where}: shown as ${JSON.stringify(told)}`);
      }
    }
    expect(found).toEqual([]);
    expect(instances.length).toBeGreaterThan(20);
    for (const { id, word } of instances) {
      const { text } = await target.ask(alfa.people.viewer.key, `GET /v1/instances/${id}`);
      const { labels } = z.object({ labels: z.record(z.string(), z.string()) }).parse(JSON.parse(text));
      for (const label of Object.values(labels)) expect(['value', word]).toContain(label);
    }
  }, 90_000);

  it('are only words in addresses, too', async () => {
    for (const route of target.api.routes) {
      for (const word of words.slice(0, 50)) {
        const text = encodeURIComponent(word).slice(0, 900);
        const query = route.inQuery.map(({ name }) => `${name}=${text}`).join('&');
        const key = route.access === 'anonymous' ? undefined : alfa.people.owner.key;
        for (const path of [
          route.path.replace('{id}', () => text),
          ...(query === '' ? [] : [`${route.path}?${query}`]),
        ]) {
          if (route.method !== 'GET' && !path.includes(text)) continue;
          const { status } = await target.ask(key, `${route.method} ${path}`);
          expect([route.name, word.slice(0, 40), status < 500]).toEqual([route.name, word.slice(0, 40), true]);
        }
      }
    }
  }, 60_000);

  it('have executed nothing and made nothing', async () => {
    // What was accepted has come to its end by now, wherever it was taken to.
    const { id } = await target.instance(target.server.bearer, { name: 'last', image: 'tiny', flavor: 'nano' });
    expect(id).toMatch(/^inst_/);
    expect(existsSync(canary)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
    expect(target.testimony.started.slice(programs)).toEqual([]);
    expect(target.testimony.pollution).toEqual([]);
    expect(await target.stored(`SELECT FROM pg_tables WHERE tablename = 'owned'`)).toEqual([]);
    expect((await target.heads())['iaas']).toBeGreaterThan(100);
  }, 30_000);

  it('break no line of what the server says', () => {
    for (const line of target.server.log().split('\n')) expect(line).not.toMatch(/(?!\t)[\p{Cc}\u202e]/u);
  });
});
