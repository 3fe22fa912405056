import type { ImageView } from '@strata/contracts';
import { api } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import type { Noun } from './verb.js';
import { nameOrId } from './verb.js';

const { list, show, build } = api.images;

const view = viewOf<ImageView>(
  {
    NAME: 'name',
    STATUS: 'status',
    TASK: 'task',
    SIZE_MIB: 'sizeMiB',
    MIN_MEMORY_MIB: 'minMemoryMiB',
    MIN_DISK_GIB: 'minDiskGiB',
    ID: 'id',
  },
  'name',
);

export const image: Noun = {
  name: 'image',
  summary: 'disks that instances begin with',
  verbs: [
    verb('list', list, { view }),
    verb('show', show, { view, takes: [nameOrId] }),
    verb('build', build, {
      view,
      then: show,
      takes: [{ spec: '<recipe>', into: 'recipe', text: 'tiny or debian-12' }],
    }),
  ],
};
