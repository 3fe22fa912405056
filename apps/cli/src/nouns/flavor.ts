import type { FlavorView } from '@strata/contracts';
import { api } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import type { Noun } from './verb.js';
import { nameOrId, newName, sizes } from './verb.js';

const { list, show, create, ...rest } = api.flavors;

const view = viewOf<FlavorView>(
  { NAME: 'name', VCPUS: 'vcpus', MEMORY_MIB: 'memoryMiB', DISK_GIB: 'diskGiB', ID: 'id' },
  'name',
);

export const flavor: Noun = {
  name: 'flavor',
  summary: 'sizes of instances',
  verbs: [
    verb('list', list, { view }),
    verb('show', show, { view, takes: [nameOrId] }),
    verb('create', create, { view, takes: [newName], flags: sizes.map((size) => ({ ...size, required: true })) }),
    verb('delete', rest.delete, { view, takes: [nameOrId] }),
  ],
};
