import { Versions } from '@strata/event-sourcing';
import { MemoryEventLog, MemoryEventStore } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { obeysTheHistoryLaws } from '@strata/testing/event-sourcing';
import * as fc from 'fast-check';
import { NEXT, foldsKept, logOf, releases, shapesKept, shapesOf } from './corpus.js';
import { eventsOf, foldsOf } from './folding.js';
import { normalised } from './normal.js';
import { services } from './services.js';
import { broken, missing } from './shape-law.js';

/*
 * The corpus holds an example of every shape in which an event was ever stored, in logs that releases really wrote. It is
 * read here by the code of today, which must understand all of it for ever. README.md says what to do when a test fails.
 */

for (const service of services) {
  const { name, history } = service;
  const logs = releases().map((release) => [release, logOf(release, name)] as const);
  const lines = logs.flatMap(([, log]) => log);
  const released = logs.flatMap(([release, log]) => (release === NEXT ? [] : log));

  describe(`the events of ${name}`, () => {
    it('are all in the corpus, in the version of today', () => {
      const kept = new Set(lines.map(({ type, schemaVersion }) => `${type} ${schemaVersion}`));
      const versions = new Versions(history);
      const written = Object.keys(history).map((type) => `${type} ${versions.written(type)}`);
      expect(written.filter((it) => !kept.has(it))).toEqual([]);
    });

    it('are stored today in the shapes that the corpus has, or in a new version', async () => {
      const log = new MemoryEventLog(undefined, history);
      const stores: EventStore[] = [];
      await service.tell(log, () => {
        const store = new MemoryEventStore(log);
        stores.push(store);
        return store;
      });
      const now = normalised(await log.read(0, await log.head()));
      expect(broken(shapesOf(released), shapesOf(now))).toEqual([]);
      expect(missing(shapesOf(lines), shapesOf(now), shapesOf([...lines, ...now]))).toEqual([]);

      const known = new Set(service.views.map(({ name: view, version = 1 }) => `view_${view}_v${version}`));
      const views = stores.flatMap((it) => it.subscriptions.map((subscription) => subscription.name));
      expect(views.filter((it) => it.startsWith('view_') && !known.has(it))).toEqual([]);
    }, 60_000);

    it('have their shapes written down', () => {
      expect(shapesKept(name)).toEqual(shapesOf(lines));
    });

    for (const [release, log] of logs) {
      it(`of the release ${release} come to what they came to, in every aggregate and view`, () => {
        const kept = foldsKept(release, name);
        const now = foldsOf(service, log);
        expect(now).toHaveLength(kept.length);
        now.forEach((fold, index) => expect(fold).toEqual(kept[index]));
      });
    }

    for (const { fold, events } of eventsOf(service, lines)) {
      it(`never make ${fold.name} stumble, in whatever order they come`, () => {
        fc.assert(
          fc.property(fc.shuffledSubarray([...events]), (some) => {
            some.reduce((state, event) => fold.evolve(state, event), fold.initialState);
          }),
          { numRuns: 300 },
        );
      });
    }

    for (const view of service.views) {
      it(`never make the view ${view.name} stumble, in whatever order they come`, () => {
        const events = eventsOf(service, lines).flatMap((it) => it.events);
        fc.assert(
          fc.property(fc.shuffledSubarray([...events]), (some) => {
            const rows = new Map<string, object | undefined>();
            for (const event of some) {
              for (const key of [view.key(event) ?? []].flat()) rows.set(key, view.evolve(rows.get(key), event, key));
            }
          }),
          { numRuns: 100 },
        );
      });
    }
  });

  obeysTheHistoryLaws(name, history, lines);
}
