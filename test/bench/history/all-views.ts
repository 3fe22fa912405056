import type { EventStore, View } from '@strata/event-store';
import { trailView } from '../../../apps/iaas/src/event/trail.view.js';
import { Views } from '../../../apps/iaas/src/views.js';

type AnyView = View<object, string>;

/** What rebuilding all read models came to. */
export type RebuiltAll = Readonly<{ seconds: number; events: number; rows: number; hash: string }>;

/** Every read model of the service, standing still where it is: nothing but what is measured is at work. */
export const openViews = async (store: EventStore): Promise<Readonly<Record<string, AnyView>>> => {
  const views = await Views.start(store);
  const trails = await store.view(trailView);
  // What is common to all views does not depend on their rows.
  const all = { ...views.all(), trails: trails as unknown as AnyView };
  for (const { subscription } of Object.values(all)) subscription.pause();
  return all;
};

/** Folds the whole log into all of them. The one place that knows how the product does that. */
export const rebuildAll = async (views: Readonly<Record<string, AnyView>>): Promise<RebuiltAll> => {
  const began = performance.now();
  let [events, rows] = [0, 0];
  const hashes: string[] = [];
  for (const [name, view] of Object.entries(views)) {
    const rebuilt = await view.rebuild();
    events = rebuilt.events;
    rows += rebuilt.rows;
    hashes.push(`${name} ${rebuilt.after}`);
  }
  return { seconds: (performance.now() - began) / 1000, events, rows, hash: hashes.join(', ') };
};
