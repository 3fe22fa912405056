import { sentences } from '@strata/testing/event-sourcing';
import { meta } from '../instance/instance.fixtures.js';
import { CreateFlavor, DeleteFlavor, flavor } from './flavor.js';
import type { FlavorEvent } from './flavor.js';

const { given } = sentences(flavor);
const nano = { name: 'nano', vcpus: 1, memoryMiB: 512, diskGiB: 4 };
const created: FlavorEvent = { type: 'FlavorCreated', data: { ...nano, at: meta.at } };

describe('a flavor', () => {
  it('is created', () => given().when(new CreateFlavor(nano, meta)).then(created));
  it('is created once', () => given(created).when(new CreateFlavor(nano, meta)).changesNothing());
  it('keeps its size', () =>
    given(created)
      .when(new CreateFlavor({ ...nano, vcpus: 2 }, meta))
      .isRejected('flavor.exists'));
  it('that is not there cannot be deleted', () =>
    given()
      .when(new DeleteFlavor({ name: 'nano' }, meta))
      .isRejected('flavor.not-found'));
  it('can be created again after it was deleted', () =>
    given(created, { type: 'FlavorDeleted', data: { name: 'nano' } })
      .when(new CreateFlavor(nano, meta))
      .then(created));
});
