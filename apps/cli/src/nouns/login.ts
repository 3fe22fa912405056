import { api } from '@strata/contracts';
import { randomUUID } from 'node:crypto';
import { Failure, exits } from '../ask/failure.js';
import { homeOf } from '../ask/home.js';
import { requestOf } from '../ask/request.js';
import { dropSession, keepSession, sessionOf } from '../ask/session.js';
import { settingsOf } from '../ask/settings.js';
import { print } from '../show/output.js';
import { viewOf } from '../show/view.js';
import { secretFrom } from './password.js';
import type { Call } from './verb.js';
import { wordOf } from './verb.js';

type Begun = Readonly<{
  name: string;
  userId: string;
  tenantId: string;
  role: string;
  expiresAt: string;
  tenants: string;
}>;

const view = viewOf<Begun>(
  { NAME: 'name', TENANT: 'tenantId', ROLE: 'role', EXPIRES: 'expiresAt', TENANTS: 'tenants' },
  'userId',
);

const placeOf = ({ io, globals }: Call) => ({
  home: homeOf(io.env, io.checkout),
  apiUrl: settingsOf(io, globals).apiUrl,
});

/** Asks for the password, never as a word of the command line, and keeps the key that it gives. */
export const logIn = async (call: Call): Promise<void> => {
  const { io, globals, given, verb } = call;
  const { passwordStdin, ...words } = given;
  const password = await secretFrom(io, passwordStdin === true, `Password of ${String(given['user'])}: `);
  const tenant = globals.tenant === undefined ? {} : { tenant: globals.tenant };
  const request = requestOf(api.login.login, { ...words, ...tenant, password }, (key) => wordOf(verb, key));
  const { key, keyId, name, expiresAt, ...rest } = await call.client().ask(api.login.login, request);
  keepSession(io.env, { ...placeOf(call), key, keyId, name, expiresAt });
  const tenants = rest.tenants.map((it) => `${it.name} (${it.role})`).join(', ');
  await print(io, globals, { name, ...rest, tenants, expiresAt }, view, 'fields');
};

/** The key is revoked first: a file that is merely gone may have been copied. */
export const logOut = async (call: Call): Promise<void> => {
  const { io, globals } = call;
  const place = placeOf(call);
  const session = sessionOf(io.env, place);
  if (!session) throw new Failure(exits.notFound, { title: `Nobody is logged in at ${place.apiUrl}` });
  const manner = { idempotencyKey: globals.idempotencyKey ?? randomUUID() };
  try {
    await call.client().ask(api.keys.delete, { params: { id: session.keyId } }, manner);
  } catch (error) {
    // Unknown already, because it has expired or was revoked: that is what was wanted.
    if (!(error instanceof Failure) || error.explanation.code !== 'auth.required') throw error;
  }
  dropSession(io.env, place);
  io.stderr.write(`${session.name} is logged out\n`);
};
