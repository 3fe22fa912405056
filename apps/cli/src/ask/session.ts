import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Io } from '../io.js';

const Session = z.object({
  home: z.string(),
  apiUrl: z.url(),
  key: z.string(),
  keyId: z.string(),
  name: z.string(),
  expiresAt: z.string(),
});
/** What `strata login` leaves behind: a key for one cloud, and until when it is good. */
export type Session = z.infer<typeof Session>;

type Place = Pick<Session, 'home' | 'apiUrl'>;

/** In the person's own folder: the home of a cloud may be somebody else's. */
const folderOf = (env: Io['env']): string =>
  join(env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config'), 'strata/logins');

/** Two clouds have two files, also when one has taken the other's port. */
const fileOf = (env: Io['env'], { home, apiUrl }: Place): string => {
  const digest = createHash('sha256')
    .update(JSON.stringify([home, apiUrl]))
    .digest('hex');
  return join(folderOf(env), `${digest.slice(0, 16)}.json`);
};

const read = (file: string): Session | undefined =>
  existsSync(file) ? Session.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data : undefined;

export const sessionOf = (env: Io['env'], place: Place): Session | undefined => read(fileOf(env, place));

/** Readable by its owner alone from its first byte on, and never half written. */
export const keepSession = (env: Io['env'], session: Session): void => {
  const file = fileOf(env, session);
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  mkdirSync(folderOf(env), { recursive: true, mode: 0o700 });
  writeFileSync(draft, `${JSON.stringify(session, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(draft, file);
};

export const dropSession = (env: Io['env'], place: Place): void => rmSync(fileOf(env, place), { force: true });

/** Those of a home that is no more. */
export const dropSessionsOf = (env: Io['env'], home: string): void => {
  const folder = folderOf(env);
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const file = join(folder, name);
    if (name.endsWith('.json') && read(file)?.home === home) rmSync(file, { force: true });
  }
};
