import { PLATFORM, Versions } from '@strata/event-sourcing';
import type { Recorded } from '@strata/event-store';
import { logOf, releases } from '../corpus/corpus.js';
import { services } from '../corpus/services.js';

/*
 * What a tenant is shown of the past is folded from that tenant's events alone. So it must be a law that a row follows from
 * nothing else than the events of the tenant whose it is; or else from the streams of the platform, and is the platform's.
 */

for (const { name, views, history } of services) {
  for (const view of views) {
    it(`a row of the view ${view.name} of ${name} follows from the events of the tenant whose it is`, () => {
      let rows = 0;
      for (const release of releases()) {
        const versions = new Versions(history);
        const known = new Map<string, object>();
        for (const line of logOf(release, name)) {
          const event = versions.read<Recorded>({ ...line, lane: 0 });
          for (const key of [view.key(event) ?? []].flat()) {
            const before = known.get(key);
            const after = view.evolve(before, event, key);
            if (after) known.set(key, after);
            else known.delete(key);
            for (const row of [before, after]) {
              if (!row) continue;
              rows++;
              const owner = view.scope === 'platform' ? PLATFORM : event.meta.tenantId;
              expect([event.position, key, view.tenant(row)]).toEqual([event.position, key, owner]);
              if (view.scope === 'platform') expect(event.stream.startsWith(`${PLATFORM}/`)).toBe(true);
            }
          }
        }
      }
      expect(rows).toBeGreaterThan(3);
    });
  }
}
