import { obeysTheProcessLaws } from '@strata/testing/event-sourcing';
import { buildImage } from '../image/build-image.process.js';
import { deleteInstance } from './delete-instance.process.js';
import { placement, requested, stopRequested } from './instance.fixtures.js';
import { powerProcesses } from './power-instance.process.js';
import { provisionInstance } from './provision-instance.process.js';

obeysTheProcessLaws(provisionInstance, requested, {
  ImageReady: { imageId: 'img_tiny', digest: placement.digest },
  InstancePlaced: { instanceId: 'inst_1', hostId: placement.hostId },
  AddressAllocated: { instanceId: 'inst_1', lease: placement.lease },
  InstancePowerReached: { power: 'on' },
});

obeysTheProcessLaws(deleteInstance, {
  type: 'InstanceDeletionRequested',
  data: { instanceId: 'inst_1', networkId: 'net_1' },
});

obeysTheProcessLaws(
  buildImage,
  { type: 'ImageBuildRequested', data: { imageId: 'img_tiny', recipe: 'tiny' } },
  { ImageReady: { digest: 'abc' } },
);

for (const definition of powerProcesses)
  obeysTheProcessLaws(definition, { ...stopRequested, type: definition.trigger });
