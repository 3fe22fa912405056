import { PLATFORM } from '@strata/event-sourcing';
import { sentences } from '@strata/testing/event-sourcing';
import { meta } from '../instance/instance.fixtures.js';
import { BuildImage, EnsureImage, ReportImage, image } from './image.js';
import type { ImageEvent } from './image.js';

const { given } = sentences(image);
const of = (operationId: string) => ({ imageId: 'img_tiny', operationId });
const ensure = (operationId: string) => new EnsureImage({ ...of(operationId), recipe: 'tiny' }, meta);
const requested: ImageEvent = { type: 'ImageBuildRequested', data: { ...of('op_1'), recipe: 'tiny', at: meta.at } };
const wanted: ImageEvent = { type: 'ImageWanted', data: of('op_2') };
const content = { digest: 'abc', sizeMiB: 9, virtualGiB: 1 };
const built: ImageEvent = { type: 'ImageBuilt', data: { imageId: 'img_tiny', ...content } };
const ready = (operationId: string): ImageEvent => ({
  type: 'ImageReady',
  data: { ...of(operationId), digest: 'abc' },
});
const report = (sight: ConstructorParameters<typeof ReportImage>[0]['sight'], tenantId = meta.tenantId) =>
  new ReportImage({ imageId: 'img_tiny', sight }, { ...meta, tenantId });

describe('an image', () => {
  it('is built when it is wanted and not there', () => given().when(ensure('op_1')).then(requested));
  it('is built once for all who want it', () => given(requested).when(ensure('op_2')).then(wanted));
  it('is wanted once by each', () => given(requested, wanted).when(ensure('op_2')).changesNothing());
  it('tells everybody who waits that it is ready', () =>
    given(requested, wanted)
      .when(report({ imageId: 'img_tiny', generation: 1, state: 'built', ...content }, PLATFORM))
      .then(built, ready('op_1'), ready('op_2')));
  it('tells no tenant of the operations of others', () =>
    given(requested, wanted)
      .when(report({ imageId: 'img_tiny', generation: 1, state: 'built', ...content }, 'ten_a'))
      .isRejected('image.shared'));
  it('is ready at once when it is there', () => given(requested, built).when(ensure('op_3')).then(ready('op_3')));
  it('is built anew when that is asked', () =>
    given(requested, built)
      .when(new BuildImage({ ...of('op_3'), recipe: 'tiny' }, meta))
      .then({ type: 'ImageBuildRequested', data: { ...of('op_3'), recipe: 'tiny', at: meta.at } }));
  it('tells everybody who waits why it failed', () =>
    given(requested)
      .when(report({ imageId: 'img_tiny', generation: 1, state: 'failed', message: 'no disk' }))
      .then(
        { type: 'ImageBuildFailed', data: { imageId: 'img_tiny', reason: 'no disk' } },
        { type: 'ImageNotReady', data: { ...of('op_1'), code: 'image.build-failed', reason: 'no disk' } },
      ));
  it('that nobody builds has no news', () =>
    given(requested, built)
      .when(report({ imageId: 'img_tiny', generation: 1, state: 'built', ...content }))
      .changesNothing());
  it('tells progress once', () => {
    const building = {
      imageId: 'img_tiny',
      generation: 1,
      state: 'building',
      done: 1,
      total: 3,
      note: 'unpack',
    } as const;
    const progressed: ImageEvent = {
      type: 'ImageBuildProgressed',
      data: { ...of('op_1'), done: 1, total: 3, note: 'unpack' },
    };
    given(requested).when(report(building)).then(progressed);
    given(requested, progressed).when(report(building)).changesNothing();
  });
});
