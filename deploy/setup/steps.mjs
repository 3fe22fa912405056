import { build } from './build.mjs';
import { debianPackages } from './debian-packages.mjs';
import { kvm } from './kvm.mjs';
import { libvirt } from './libvirt.mjs';
import { npmPackages } from './npm-packages.mjs';
import { postgresLinks } from './postgres-links.mjs';
import { SetupError, prepare } from './progress.mjs';

/** Nothing runs without these. */
export const checkoutSteps = { npm: npmPackages, postgres: postgresLinks, build };

/** Real guests need these; the simulation does not. */
export const hostSteps = { packages: debianPackages, kvm, libvirt };

export const prepareCheckout = () => prepare(Object.values(checkoutSteps));

/** Makes the machine ready for guests, or says in one sentence why it is not; throws only when libvirt was asked for. */
export const prepareHost = async (wanted) => {
  try {
    await prepare(Object.values(hostSteps));
  } catch (error) {
    if (!(error instanceof SetupError) || wanted === 'libvirt') throw error;
    console.warn(`  ! ${error.message}`);
    console.warn('  ! going on without real guests');
  }
};

/** Runs a script's main function; a failure that a person can act on ends as one sentence. */
export const run = async (main) => {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`  ✗ ${error.message}`);
    process.exitCode = 1;
  }
};
