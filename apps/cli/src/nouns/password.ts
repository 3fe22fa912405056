import { api } from '@strata/contracts';
import { usage } from '../ask/failure.js';
import type { Given } from '../ask/request.js';
import type { Io } from '../io.js';
import type { Call, Flag } from './verb.js';

/** Where a password comes from. As a word of the command line it would be in the shell's history and in `ps`. */
export const passwordStdin: Flag = {
  spec: '--password-stdin',
  into: 'passwordStdin',
  means: true,
  text: 'read the password from standard input, the first line',
};
export const askPassword: Flag = {
  spec: '--password',
  into: 'askPassword',
  means: true,
  unless: '--password-stdin',
  text: 'ask for a password, without showing it',
};

const lineOf = (text: string, index: number): string => text.split(/\r?\n/)[index] ?? '';

const answer = async (io: Io, question: string): Promise<string> => {
  const said = await io.secret(question);
  if (said === undefined) throw usage('Nobody is here to ask for the password', { help: 'Use --password-stdin.' });
  return said;
};

/** A password that is there already. */
export const secretFrom = async (io: Io, fromInput: boolean, question: string): Promise<string> => {
  const secret = fromInput ? lineOf(await io.input(), 0) : await answer(io, question);
  if (secret === '') throw usage('The password is empty');
  return secret;
};

/** A new one is asked for twice, because nobody sees what they type. */
const newSecret = async (io: Io, question: string): Promise<string> => {
  const secret = await answer(io, question);
  if ((await answer(io, 'The same again: ')) !== secret) throw usage('The two are not the same');
  return secret;
};

/** A new user has a password if one was asked for. */
export const withPassword = async ({ io, given }: Call): Promise<Given> => {
  const { askPassword: asks, passwordStdin: reads, ...rest } = given;
  if (reads === true) return { ...rest, password: await secretFrom(io, true, '') };
  return asks === true ? { ...rest, password: await newSecret(io, `Password of ${String(given['name'])}: `) } : rest;
};

/** Who changes the own password says the current one first; who has none yet presses Enter. */
export const changedPassword = async ({ io, given, client }: Call): Promise<Given> => {
  const { id: named, passwordStdin: reads } = given;
  const me = await client().ask(api.platform.whoami);
  const own = named === undefined ? undefined : await client().ask(api.users.show, { params: { id: named } });
  const id = own?.id ?? me.userId;
  const isOwn = id === me.userId;
  if (reads === true) {
    const text = await io.input();
    const current = lineOf(text, 1);
    return { id, password: lineOf(text, 0), ...(isOwn && current !== '' && { current }) };
  }
  const current = isOwn ? await answer(io, 'Current password: ') : '';
  return { id, password: await newSecret(io, 'New password: '), ...(current !== '' && { current }) };
};
