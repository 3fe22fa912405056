import type { Operation } from '@strata/contracts';
import { viewOf } from '../show/view.js';

/** Operations of one kind share a name, so it is the id that names one. */
export const operationView = viewOf<Operation>(
  {
    ID: 'id',
    NAME: 'name',
    STATUS: 'status',
    TASK: 'task',
    RESOURCE: 'resource.id',
    REASON: 'statusReason',
    CREATED: 'createdAt',
  },
  'id',
);
