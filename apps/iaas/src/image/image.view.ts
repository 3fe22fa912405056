import type { ImageView } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { defineView } from '@strata/event-store';
import { image, recipes } from './image.js';
import type { Image, ImageEvent } from './image.js';

/** The aggregate's own state as a row, and what began the build that is under way: reports about it belong to that. */
export type ImageRow = Image &
  Readonly<{ id: string; cause: Readonly<{ tenantId: string; correlationId: string; causationId: string }> }>;

export const imageView = defineView<ImageRow, 'building', ImageEvent>({
  name: 'image',
  version: 2,
  about: ['image'],
  scope: 'platform',
  key: (event) => event.data.imageId,
  tenant: () => PLATFORM,
  shared: true,
  acrossTenants: ['building'],
  columns: { building: (row) => row.waiting !== null },
  evolve(row, event, id) {
    const { tenantId, correlationId } = event.meta;
    const begins = { tenantId, correlationId, causationId: event.id };
    const cause = row && event.type !== 'ImageBuildRequested' ? row.cause : begins;
    return { ...image.evolve(row ?? image.initialState, event), id, cause };
  },
});

/** An image as the API shows it; a recipe that nobody has built yet is an image too. */
export const shownImage = (id: string, name: string, it: Image): ImageView => {
  const { minMemoryMiB = 0, minDiskGiB = 0 } = recipes[name] ?? {};
  const status = it.waiting ? 'building' : it.content ? 'available' : it.reason ? 'error' : 'not-built';
  return {
    id,
    name,
    status,
    task: it.waiting ? 'building' : null,
    statusReason: it.reason,
    createdAt: it.createdAt ?? BUILT_IN,
    labels: {},
    recipe: name,
    digest: it.content?.digest ?? null,
    sizeMiB: it.content?.sizeMiB ?? null,
    minMemoryMiB,
    minDiskGiB,
    progress: it.progress ? { ...it.progress } : null,
  };
};

/** Recipes come with the release. */
const BUILT_IN = '2026-11-22T00:00:00.000Z';
