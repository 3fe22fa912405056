import type { HostView } from '@strata/contracts';
import { api } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import type { Noun } from './verb.js';
import { nameOrId } from './verb.js';

const { list, show, cordon, uncordon } = api.hosts;

const view = viewOf<HostView>(
  {
    NAME: 'name',
    STATUS: 'status',
    SCHEDULABLE: 'schedulable',
    DRIVER: 'driver',
    ACCELERATOR: 'accelerator',
    INSTANCES: 'instances',
    VCPUS: 'capacity.vcpus',
    VCPUS_RESERVED: 'reserved.vcpus',
    MEMORY_MIB: 'capacity.memoryMiB',
    MEMORY_RESERVED: 'reserved.memoryMiB',
    ID: 'id',
  },
  'name',
);

export const host: Noun = {
  name: 'host',
  summary: 'machines that run instances',
  verbs: [
    verb('list', list, { view }),
    verb('show', show, { view, takes: [nameOrId] }),
    verb('cordon', cordon, { view, takes: [nameOrId] }),
    verb('uncordon', uncordon, { view, takes: [nameOrId] }),
  ],
};
