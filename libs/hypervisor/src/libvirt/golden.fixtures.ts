import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Compares a whole document with the one that was agreed on, in `__golden__` of the source folder; `UPDATE_GOLDEN=1`
 * agrees on the new one.
 */
export const expectGolden = (name: string, document: string): void => {
  const file = join(process.cwd(), 'libs/hypervisor/src/libvirt/__golden__', name);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, document);
  if (!existsSync(file)) throw new Error(`${name} was never agreed on: run the tests once with UPDATE_GOLDEN=1`);
  expect(document).toBe(readFileSync(file, 'utf8'));
};
