import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const checkout = fileURLToPath(new URL('../../../../', import.meta.url));
const source = join(checkout, 'test/bench/peers');
const WITHIN = 180_000;

/**
 * The packages that we are measured against. They have a lock file and a folder of their own, so that nobody who only
 * wants to run Strata installs them.
 */
export class Peers {
  readonly #require: NodeJS.Require;

  constructor(readonly folder: string) {
    this.#require = createRequire(join(folder, 'package.json'));
  }

  /** @throws when it is not installed */
  load<T>(name: string): T {
    // The packages are not there when this is compiled. What we use of one is written down beside its use, for exactly
    // the version in the lock file; should it be wrong, the first append fails.
    return this.#require(name) as T;
  }

  has(name: string): boolean {
    return existsSync(this.fileOf(name, 'package.json'));
  }

  fileOf(name: string, path: string): string {
    return join(this.folder, 'node_modules', name, path);
  }

  versionOf(name: string): string {
    const { version }: { version: string } = JSON.parse(readFileSync(this.fileOf(name, 'package.json'), 'utf8'));
    return version;
  }

  /** Installs what the lock file names, unless it is there. Answers why not, where that cannot be done. */
  static async install(tell: (line: string) => void): Promise<Peers | string> {
    const lock = await readFile(join(source, 'package-lock.json'));
    const parent = join(checkout, '.cache/bench-peers');
    const folder = join(parent, createHash('sha256').update(lock).digest('hex').slice(0, 16));
    if (existsSync(folder)) return new Peers(folder);
    tell('installing the packages to measure against (npm ci, once)');
    await mkdir(parent, { recursive: true });
    const draft = await mkdtemp(join(parent, 'draft-'));
    try {
      for (const file of ['package.json', 'package-lock.json']) await copyFile(join(source, file), join(draft, file));
      const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
      await promisify(execFile)('npm', flags, { cwd: draft, timeout: WITHIN });
      await rename(draft, folder);
      return new Peers(folder);
    } catch (error) {
      const [, code] = /^npm error code (\w+)$/m.exec(String(error)) ?? [];
      return `the packages to measure against cannot be installed (${code ?? 'npm ci did not end in time'}): can the npm registry be reached?`;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
}
