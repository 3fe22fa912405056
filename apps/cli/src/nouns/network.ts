import type { NetworkView } from '@strata/contracts';
import { api } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import type { Noun } from './verb.js';
import { nameOrId } from './verb.js';

const { list, show } = api.networks;

const view = viewOf<NetworkView>(
  {
    NAME: 'name',
    STATUS: 'status',
    TYPE: 'type',
    CIDR: 'cidr',
    GATEWAY: 'gateway',
    USED: 'addressesUsed',
    FREE: 'addressesFree',
    ID: 'id',
  },
  'name',
);

export const network: Noun = {
  name: 'network',
  summary: 'what connects instances',
  verbs: [verb('list', list, { view }), verb('show', show, { view, takes: [nameOrId] })],
};
