import type { ImageView } from '@strata/contracts';
import { defineView } from '@strata/event-store';
import { image, recipes } from './image.js';
import type { Image, ImageEvent } from './image.js';

export type ImageRow = Image & Readonly<{ id: string }>;

export const imageView = defineView<ImageRow, 'building', ImageEvent>({
  name: 'image',
  key: (event) => (event.stream.startsWith('image-') ? event.data.imageId : undefined),
  columns: { building: (row) => row.waiting !== null },
  evolve: (row, event, id) => ({ ...image.evolve(row ?? image.initialState, event), id }),
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
