import { obeysTheProcessLaws, sentences } from '@strata/testing/event-sourcing';
import { meta } from '../instance/instance.fixtures.js';
import { FailRebuild, FinishRebuild, ReportRebuild, RequestRebuild, rebuild } from './rebuild.js';
import type { RebuildEvent } from './rebuild.js';
import { rebuildViews } from './rebuild-views.process.js';

const { given } = sentences(rebuild);
const views = ['iaas/instance'];
const requested: RebuildEvent = { type: 'RebuildRequested', data: { operationId: 'op_1', views, at: meta.at } };
const outcome = {
  events: 7,
  seconds: 0.5,
  eventsPerSecond: 14,
  views: [{ view: 'iaas/instance', rows: 1, before: 'a', after: 'a' }],
};
const finished: RebuildEvent = { type: 'RebuildFinished', data: { operationId: 'op_1', ...outcome } };
const failed: RebuildEvent = {
  type: 'RebuildFailed',
  data: { operationId: 'op_1', code: 'log.rebuild-failed', reason: 'no disk' },
};
const request = (operationId: string) => new RequestRebuild({ operationId, views }, meta);
const progress = { operationId: 'op_1', done: 1, total: 2, note: 'events of iaas' };

describe('a rebuild of read models', () => {
  it('is begun when it is asked for', () => given().when(request('op_1')).then(requested));
  it('is asked for twice and begun once', () => given(requested).when(request('op_1')).changesNothing());
  it('goes alone', () => given(requested).when(request('op_2')).isRejected('log.rebuilding'));
  for (const end of [finished, failed]) {
    it(`is followed by another when it has ended: ${end.type}`, () =>
      given(requested, end)
        .when(request('op_2'))
        .then({ type: 'RebuildRequested', data: { operationId: 'op_2', views, at: meta.at } }));
    it(`has no news when it has ended: ${end.type}`, () => {
      given(requested, end).when(new ReportRebuild(progress, meta)).changesNothing();
      given(requested, end)
        .when(new FinishRebuild({ operationId: 'op_1', ...outcome }, meta))
        .changesNothing();
    });
  }
  it('tells how far it is', () =>
    given(requested).when(new ReportRebuild(progress, meta)).then({ type: 'RebuildProgressed', data: progress }));
  it('tells what came of it', () => {
    given(requested)
      .when(new FinishRebuild({ operationId: 'op_1', ...outcome }, meta))
      .then(finished);
    given(requested)
      .when(new FailRebuild({ operationId: 'op_1', reason: 'no disk' }, meta))
      .then(failed);
  });
});

obeysTheProcessLaws(rebuildViews, { type: 'RebuildRequested', data: { operationId: 'op_1', views } });
