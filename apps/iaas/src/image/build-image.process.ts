import { on, process } from '@strata/event-sourcing';
import type { Event } from '@strata/event-sourcing';
import type { ImageEvent } from './image.js';

export type Of<E extends Event, Type extends E['type']> = Extract<E, { type: Type }>;

/** The wish is in the log before this begins; a host builds, tells how far it is, and what came of it. */
export const buildImage = process('build-image', {
  startsOn: on<Of<ImageEvent, 'ImageBuildRequested'>>('ImageBuildRequested'),
  subject: ({ imageId }) => ({ type: 'image', id: imageId }),
  cancellable: false,
})
  .step('build', {
    done: on<Of<ImageEvent, 'ImageReady'>>('ImageReady'),
    failed: on<Of<ImageEvent, 'ImageNotReady'>>('ImageNotReady'),
    progress: on<Of<ImageEvent, 'ImageBuildProgressed'>>('ImageBuildProgressed'),
    within: 1800,
  })
  .ends();
