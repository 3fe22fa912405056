import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkout } from './checkout.js';

/** A folder laid out like the house, under the rules of the house, that holds only these files. */
export const plant = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'strata-planted-'));
  for (const rule of [
    '.oxlintrc.json',
    '.dependency-cruiser.cjs',
    'tsconfig.json',
    'tsconfig.base.json',
    'deploy/lint',
  ]) {
    await cp(join(checkout, rule), join(folder, rule), { recursive: true });
  }
  for (const [path, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
};

/** Runs a tool of the checkout in a planted folder; answers whether it was content, and all that it said. */
export const inspect = (folder: string, tool: string, ...args: string[]): { content: boolean; said: string } => {
  const bin = join(checkout, 'node_modules/.bin');
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  const { status, stdout, stderr } = spawnSync(join(bin, tool), args, { cwd: folder, env, encoding: 'utf8' });
  return { content: status === 0, said: stdout + stderr };
};
