import { chown, lstat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The user that PostgreSQL runs as. It refuses root, so that root's server runs as nobody. */
export type Account = Readonly<{ uid?: number; gid?: number }>;

const NOBODY = 65_534;

export const account = (): Account => (process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {});

export const give = async (path: string, { uid, gid }: Account): Promise<void> => {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
};

/** The nearest folder on the way to `path` that the account cannot pass; `undefined` when it gets there. */
export const barrierTo = async (path: string, { uid }: Account): Promise<string | undefined> => {
  if (uid === undefined) return undefined;
  for (let at = path; ; at = dirname(at)) {
    const { mode, uid: owner } = await lstat(at);
    const wanted = owner === uid ? 0o100 : 0o001;
    if ((mode & wanted) === 0) return at;
    if (at === dirname(at)) return undefined;
  }
};
