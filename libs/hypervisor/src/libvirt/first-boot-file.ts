import { readFile, rename, writeFile } from 'node:fs/promises';
import { firstBootText } from '@strata/guest-images';
import type { DomainSpec } from '../hypervisor.js';
import { refused } from '../refusal.js';
import { makePassage, unlessMissing } from './files.js';
import type { Home } from './home.js';

/**
 * Writes down what the guest learns at its first boot. It may hold secrets: only root can read the file, until libvirt
 * hands it to QEMU's user when the guest starts.
 */
export const writeFirstBoot = async (home: Home, { instanceId, firstBoot }: DomainSpec): Promise<void> => {
  const { folder, firstBoot: file } = home.filesOf(instanceId);
  const text = wellFormed(() => firstBootText(firstBoot));
  await makePassage(folder);
  if ((await unlessMissing(readFile(file, 'utf8'))) === text) return;
  await writeFile(`${file}.draft`, text, { mode: 0o600 });
  await rename(`${file}.draft`, file);
};

const wellFormed = <Result>(make: () => Result): Result => {
  try {
    return make();
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error), { cause: error });
  }
};
