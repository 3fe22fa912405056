import type { ImageSight } from '@strata/contracts';
import { PLATFORM, command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';

/** What a recipe needs of a guest. The recipes themselves live with the hosts that build them. */
export const recipes: Readonly<Record<string, Readonly<{ title: string; minMemoryMiB: number; minDiskGiB: number }>>> =
  {
    tiny: { title: 'a small guest that boots in seconds', minMemoryMiB: 128, minDiskGiB: 1 },
    'debian-12': { title: 'Debian 12 with systemd, ssh and the guest agent', minMemoryMiB: 256, minDiskGiB: 2 },
  };

export const imageIdOf = (recipe: string) => `img_${recipe.replaceAll('-', '')}`;

// ── Commands ─────────────────────────────────────────────────────

type For = Readonly<{ imageId: string; operationId: string }>;

/** Builds the image anew: equal content keeps its digest. */
export class BuildImage extends command('BuildImage')<For & { recipe: string }> {}
/** Makes the image be there, building it only when it is not. */
export class EnsureImage extends command('EnsureImage')<For & { recipe: string }> {}
export class ReportImage extends command('ReportImage')<{ imageId: string; sight: ImageSight }> {}

export type ImageCommand = BuildImage | EnsureImage | ReportImage;

// ── Events ───────────────────────────────────────────────────────

export type ImageEvent =
  | Event<'ImageBuildRequested', For & { recipe: string; at: string }>
  | Event<'ImageWanted', For>
  | Event<'ImageBuildProgressed', For & { done: number; total: number; note: string }>
  | Event<'ImageBuilt', { imageId: string; digest: string; sizeMiB: number; virtualGiB: number }>
  | Event<'ImageBuildFailed', { imageId: string; reason: string }>
  /** Told to each operation that waits. */
  | Event<'ImageReady', For & { digest: string }>
  | Event<'ImageNotReady', For & { code: string; reason: string }>;

// ── State ────────────────────────────────────────────────────────

type Content = Readonly<{ digest: string; sizeMiB: number; virtualGiB: number }>;

export type Image = Readonly<{
  recipe: string | null;
  createdAt: string | null;
  content: Content | null;
  /** The operations that wait for the build that is under way, or nothing when none is. */
  waiting: readonly string[] | null;
  progress: Readonly<{ done: number; total: number; note: string }> | null;
  reason: string | null;
}>;

/** Progress is told to this many operations at most; all of them are told the end. */
const TOLD = 8;

// ── Rules ────────────────────────────────────────────────────────

const build = (it: Image, { imageId, operationId, recipe }: BuildImage['data'], at: string): ImageEvent[] => {
  if (it.waiting?.includes(operationId)) return [];
  return it.waiting
    ? [{ type: 'ImageWanted', data: { imageId, operationId } }]
    : [{ type: 'ImageBuildRequested', data: { imageId, operationId, recipe, at } }];
};

const report = (imageId: string, sight: ImageSight, it: Image): ImageEvent[] => {
  if (!it.waiting) return [];
  switch (sight.state) {
    case 'building': {
      const { done, total, note } = sight;
      if (it.progress?.done === done && it.progress.note === note) return [];
      return it.waiting
        .slice(0, TOLD)
        .map((operationId) => ({ type: 'ImageBuildProgressed', data: { imageId, operationId, done, total, note } }));
    }
    case 'built': {
      const { digest, sizeMiB, virtualGiB } = sight;
      const ready = it.waiting.map((operationId): ImageEvent => ({
        type: 'ImageReady',
        data: { imageId, operationId, digest },
      }));
      return [{ type: 'ImageBuilt', data: { imageId, digest, sizeMiB, virtualGiB } }, ...ready];
    }
    case 'failed': {
      const { message: reason } = sight;
      const told = it.waiting.map((operationId): ImageEvent => ({
        type: 'ImageNotReady',
        data: { imageId, operationId, code: 'image.build-failed', reason },
      }));
      return [{ type: 'ImageBuildFailed', data: { imageId, reason } }, ...told];
    }
  }
};

const decide = (command: ImageCommand, it: Image): Decision<ImageEvent> => {
  const { imageId } = command.data;
  switch (command.type) {
    case 'BuildImage':
      return build(it, command.data, command.meta.at);
    case 'EnsureImage': {
      const { operationId } = command.data;
      if (it.content && !it.waiting)
        return [{ type: 'ImageReady', data: { imageId, operationId, digest: it.content.digest } }];
      return build(it, command.data, command.meta.at);
    }
    case 'ReportImage':
      // The events name all operations that wait, and these may be of several tenants: then they are nobody's to read.
      if ((it.waiting?.length ?? 0) > 1 && command.meta.tenantId !== PLATFORM)
        return reject('image.shared', 'several operations wait for this image: only the platform is told of it');
      return report(imageId, command.data.sight, it);
    default:
      return unreachable(command);
  }
};

const evolve = (it: Image, event: ImageEvent): Image => {
  switch (event.type) {
    case 'ImageBuildRequested': {
      const { recipe, at, operationId } = event.data;
      return { ...it, recipe, createdAt: it.createdAt ?? at, waiting: [operationId], progress: null, reason: null };
    }
    case 'ImageWanted':
      return { ...it, waiting: [...(it.waiting ?? []), event.data.operationId] };
    case 'ImageBuildProgressed': {
      const { done, total, note } = event.data;
      return { ...it, progress: { done, total, note } };
    }
    case 'ImageBuilt': {
      const { digest, sizeMiB, virtualGiB } = event.data;
      return { ...it, content: { digest, sizeMiB, virtualGiB }, waiting: null, progress: null, reason: null };
    }
    case 'ImageBuildFailed':
      return { ...it, waiting: null, progress: null, reason: event.data.reason };
    case 'ImageReady':
    case 'ImageNotReady':
      return it;
    default:
      return unreachable(event);
  }
};

export const image: Decider<ImageCommand, ImageEvent, Image> = {
  name: 'image',
  scope: 'platform',
  initialState: { recipe: null, createdAt: null, content: null, waiting: null, progress: null, reason: null },
  decide,
  evolve,
};

/** The recipe of an image that people name by recipe or by id. */
export const recipeOf = (idOrName: string): string | undefined =>
  Object.keys(recipes).find((recipe) => recipe === idOrName || imageIdOf(recipe) === idOrName);
