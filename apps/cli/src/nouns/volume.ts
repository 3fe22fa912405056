import type { PoolView, VolumeView } from '@strata/contracts';
import { api } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import type { Noun } from './verb.js';
import { nameOrId } from './verb.js';

const volumeView = viewOf<VolumeView>(
  {
    NAME: 'name',
    STATUS: 'status',
    SIZE_GIB: 'sizeGiB',
    IMAGE: 'image',
    INSTANCE: 'instanceId',
    POOL: 'poolId',
    ID: 'id',
  },
  'name',
);

export const volume: Noun = {
  name: 'volume',
  summary: 'disks',
  verbs: [
    verb('list', api.volumes.list, { view: volumeView }),
    verb('show', api.volumes.show, { view: volumeView, takes: [nameOrId] }),
  ],
};

const poolView = viewOf<PoolView>(
  {
    NAME: 'name',
    STATUS: 'status',
    TYPE: 'type',
    HOST: 'hostId',
    CAPACITY_GIB: 'capacityGiB',
    RESERVED_GIB: 'reservedGiB',
    ID: 'id',
  },
  'name',
);

export const pool: Noun = {
  name: 'pool',
  summary: 'where disks lie',
  verbs: [
    verb('list', api.pools.list, { view: poolView }),
    verb('show', api.pools.show, { view: poolView, takes: [nameOrId] }),
  ],
};
