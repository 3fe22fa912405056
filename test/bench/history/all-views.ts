import type { EventStore } from '@strata/event-store';
import { trailView } from '../../../apps/iaas/src/event/trail.view.js';
import { Views } from '../../../apps/iaas/src/views.js';

/** What rebuilding all read models came to. */
export type RebuiltAll = Readonly<{ seconds: number; events: number; rows: number; hash: string }>;

/** Every read model of the service, standing still where it is: nothing but what is measured is at work. */
export const openViews = async (store: EventStore): Promise<void> => {
  await Views.start(store);
  await store.view(trailView);
  for (const subscription of store.subscriptions) subscription.pause();
};

/** Folds the whole log into all of them. */
export const rebuildAll = async (store: EventStore): Promise<RebuiltAll> => {
  const { events, seconds, views } = await store.rebuild();
  const rows = views.reduce((sum, it) => sum + it.rows, 0);
  return { seconds, events, rows, hash: views.map(({ view, after }) => `${view} ${after}`).join(', ') };
};
