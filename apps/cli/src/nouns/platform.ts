import { api } from '@strata/contracts';
import { verb } from './endpoint-verb.js';
import { passwordStdin } from './password.js';
import type { Verb } from './verb.js';
import { special } from './verb.js';

/** Verbs without a noun that ask the platform about itself. */
export const status = verb('status', api.platform.status, { view: { columns: {}, name: 'version' } });
export const whoami = verb('whoami', api.platform.whoami, { view: { columns: {}, name: 'userId' } });

export const login = special('login', api.login.login, {
  takes: [{ spec: '<user>', into: 'user', text: 'name or e-mail address' }],
  flags: [passwordStdin],
  examples: ['strata login anna --tenant acme'],
  perform: async (call) => (await import('./login.js')).logIn(call),
});
export const logout = special('logout', api.keys.delete, {
  summary: 'Log out: the key of the session is revoked and forgotten',
  perform: async (call) => (await import('./login.js')).logOut(call),
});

const local = { takes: [], flags: [], changes: 'always' } as const;

/** Verbs that concern this machine and need no server. */
export const up: Verb = {
  ...local,
  name: 'up',
  summary: 'Start the server in the background and wait until it serves',
  perform: async (call) => (await import('../machine/up.js')).up(call),
};
export const down: Verb = {
  ...local,
  name: 'down',
  summary: 'Stop the server; guests go on running',
  flags: [
    {
      spec: '--all',
      into: 'all',
      means: true,
      text: 'then remove every guest, network, volume and file of this home, for ever',
    },
    { spec: '--yes', into: 'yes', means: true, text: 'do not ask whether that is meant' },
  ],
  perform: async (call) => (await import('../machine/down.js')).down(call),
};
export const doctor: Verb = {
  ...local,
  changes: 'nothing',
  name: 'doctor',
  summary: 'Check whether this machine and the server are well',
  perform: async (call) => (await import('../machine/doctor.js')).doctor(call),
};
