import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';

/** Another process holds the folder. */
export class FolderInUse extends Error {
  constructor(folder: string) {
    super(`another process uses the database in ${folder}: stop it, or choose another folder`);
  }
}

/**
 * Locks a folder for as long as this process lives. The lock is a name in the kernel's abstract socket namespace and
 * not a file: it is gone the moment its holder is, also after kill -9, and nothing stale has to be recognised.
 * @throws FolderInUse
 */
export const lockFolder = async (folder: string): Promise<() => Promise<void>> => {
  const { dev, ino } = await stat(folder);
  const server = createServer((caller) => caller.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new FolderInUse(folder) : error),
    );
    server.listen(`\0strata-postgres-${dev}-${ino}`, resolve);
  });
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
};
