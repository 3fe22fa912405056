import type { CloudEvent, FlavorView, InstanceView, KeyView, Operation, UserView } from '@strata/contracts';

/** Example things, named; each spec says what is different about its own. */
const at = '2026-11-22T10:00:00.000Z';

export const web: InstanceView = {
  id: 'inst_1',
  name: 'web-1',
  status: 'running',
  task: null,
  statusReason: null,
  createdAt: at,
  labels: {},
  tenantId: 'ten_default',
  image: 'tiny',
  vcpus: 1,
  memoryMiB: 128,
  diskGiB: 1,
  network: 'default',
  address: '10.0.0.2',
  mac: null,
  hostId: 'host_1',
  volumeId: 'vol_1',
  guestAgent: true,
  can: ['stop', 'delete'],
  operationId: null,
  deletedUntil: null,
};

export const small: FlavorView = {
  id: 'flv_1',
  name: 'small',
  status: 'ready',
  task: null,
  statusReason: null,
  createdAt: at,
  labels: {},
  vcpus: 1,
  memoryMiB: 512,
  diskGiB: 4,
};

const step = (name: string, status: Operation['steps'][number]['status']) => ({
  name,
  status,
  startedAt: null,
  endedAt: null,
  progress: null,
});

export const begun: Operation = {
  id: 'op_1',
  name: 'provision-instance',
  status: 'running',
  task: 'scheduling',
  statusReason: null,
  code: null,
  createdAt: at,
  endedAt: null,
  dueAt: null,
  cancellable: true,
  resource: { type: 'instance', id: 'inst_1' },
  steps: [step('scheduling', 'running'), step('building-disk', 'waiting')],
  labels: {},
};

export const building: Operation = {
  ...begun,
  task: 'building-disk',
  steps: [step('scheduling', 'succeeded'), step('building-disk', 'running')],
};

export const succeeded: Operation = {
  ...begun,
  status: 'succeeded',
  task: null,
  endedAt: at,
  steps: [step('scheduling', 'succeeded'), step('building-disk', 'succeeded')],
};

export const failed = (code: string | null, statusReason: string): Operation => ({
  ...succeeded,
  status: 'failed',
  code,
  statusReason,
  steps: [step('scheduling', 'failed'), step('building-disk', 'waiting')],
});

export const happened = (position: number): CloudEvent => ({
  specversion: '1.0',
  id: `evt_${position}`,
  source: '/iaas',
  type: 'InstanceRequested',
  subject: 'inst_1',
  time: at,
  datacontenttype: 'application/json',
  data: {},
  position,
  tenantid: 'ten_default',
  actor: 'user_admin',
  correlationid: 'req_1',
  causationid: 'req_1',
});

const bare = { status: 'active', task: null, statusReason: null, createdAt: at, labels: {} } as const;

export const anna: Readonly<{ user: UserView; key: KeyView }> = {
  user: {
    ...bare,
    id: 'user_anna',
    name: 'anna',
    email: 'anna@acme.example',
    displayName: null,
    role: 'admin',
    tenantId: 'ten_acme',
    canLogIn: true,
  },
  key: {
    ...bare,
    id: 'key_anna',
    name: 'ci',
    kind: 'key',
    userId: 'user_anna',
    tenantId: 'ten_acme',
    role: 'admin',
    readOnly: false,
    only: null,
    expiresAt: null,
    createdFrom: null,
    lastUsedAt: null,
  },
};
