import { on, process } from '@strata/event-sourcing';
import type { ImageEvent } from './image.js';

/** The wish is in the log before this begins; a host builds, tells how far it is, and what came of it. */
export const buildImage = process('build-image', {
  startsOn: on<ImageEvent, 'ImageBuildRequested'>('ImageBuildRequested'),
  subject: ({ imageId }) => ({ type: 'image', id: imageId }),
  cancellable: false,
})
  .step('build', {
    done: on<ImageEvent, 'ImageReady'>('ImageReady'),
    failed: on<ImageEvent, 'ImageNotReady'>('ImageNotReady'),
    progress: on<ImageEvent, 'ImageBuildProgressed'>('ImageBuildProgressed'),
    within: 1800,
  })
  .ends();
