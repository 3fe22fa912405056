import type { InstanceView } from '@strata/contracts';
import { api, instanceStatuses } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import { labelOf, sshKeyOf } from './instance-words.js';
import type { Flag, Noun } from './verb.js';
import { amount, namesOrIds, nameOrId, newName, sizes, special, whole } from './verb.js';

const { create, list, show, start, stop, reboot, pause, resume, restore, exec, explain, log, ...rest } = api.instances;

const view = viewOf<InstanceView>(
  {
    NAME: 'name',
    STATUS: 'status',
    TASK: 'task',
    IMAGE: 'image',
    VCPUS: 'vcpus',
    MEMORY_MIB: 'memoryMiB',
    DISK_GIB: 'diskGiB',
    ADDRESS: 'address',
    HOST: 'hostId',
    ID: 'id',
  },
  'name',
);

const graceful: readonly Flag[] = [
  amount('--grace <seconds>', 'graceSeconds', 'how long the guest may take before it is forced (default: 30)'),
  { spec: '--force', into: 'graceSeconds', means: 0, unless: '--grace', text: 'do not ask the guest' },
];

const changes = { view, takes: [namesOrIds], then: show };

export const instance: Noun = {
  name: 'instance',
  summary: 'virtual machines',
  verbs: [
    verb('create', create, {
      view,
      then: show,
      takes: [newName],
      flags: [
        { spec: '--image <image>', into: 'image', text: 'name or id of an image', required: true },
        { spec: '--flavor <flavor>', into: 'flavor', text: 'a size, or the three amounts:' },
        ...sizes,
        { spec: '--network <network>', into: 'network', text: 'name or id of a network (default: default)' },
        {
          spec: '--ssh-key <file-or-key>',
          into: 'sshKeys',
          read: sshKeyOf,
          repeats: 'list',
          text: 'a public key that may sign in; may be given again',
        },
        { spec: '--label <key=value>', into: 'labels', read: labelOf, repeats: 'record', text: 'may be given again' },
        { spec: '--id <id>', into: 'id', text: 'the id to use (inst_…), so that asking twice is asking once' },
      ],
      examples: ['strata instance create web-1 --image tiny --flavor small --ssh-key ~/.ssh/id_ed25519.pub'],
    }),
    verb('list', list, {
      view,
      flags: [
        { spec: '--name <name>', into: 'name', text: 'only the one of this name' },
        { spec: '--status <status>', into: 'status', text: `only ${instanceStatuses.join(', ')}` },
        { spec: '--host <id>', into: 'hostId', text: 'only those on this host' },
      ],
    }),
    verb('show', show, { view, takes: [nameOrId] }),
    verb('start', start, changes),
    verb('stop', stop, { ...changes, flags: graceful }),
    verb('reboot', reboot, { ...changes, flags: graceful }),
    verb('pause', pause, changes),
    verb('resume', resume, changes),
    verb('delete', rest.delete, {
      view,
      takes: [namesOrIds],
      flags: [
        { spec: '--now', into: 'now', means: 'true', text: 'for good, also where the tenant keeps what it deletes' },
      ],
    }),
    verb('restore', restore, changes),
    special('exec', exec, {
      takes: [nameOrId, { spec: '<argv...>', into: 'argv', text: 'the command, after --' }],
      examples: ['strata instance exec web-1 --timeout 10 -- uname -a'],
      perform: async (call) => (await import('./instance-exec.js')).execute(call),
    }),
    special('explain', explain, {
      takes: [nameOrId],
      perform: async (call) => (await import('./instance-explain.js')).explain(call),
    }),
    special('log', log, {
      takes: [nameOrId],
      flags: [
        { spec: '--bytes <n>', into: 'bytes', read: whole, text: 'how much of its end (default: 64000)' },
        { spec: '--follow', into: 'follow', means: true, text: 'go on until Ctrl-C' },
      ],
      perform: async (call) => (await import('./instance-log.js')).log(call),
    }),
  ],
};
