import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Absolute path of the checkout that this file belongs to. */
export const checkout = resolve(import.meta.dirname, '../..');

/** The Node that npm brings with the packages; the one that runs this file until they are installed. */
export const nodeBinary = () => {
  const brought = join(checkout, 'node_modules/.bin/node');
  return existsSync(brought) ? brought : process.execPath;
};

/**
 * The environment for every child: the tools of the checkout come first. The system folders come last because a user's
 * PATH often lacks them, and that is where libvirtd, dnsmasq and nft live.
 */
export const toolEnvironment = (env = process.env) => ({
  ...env,
  PATH: [join(checkout, 'node_modules/.bin'), env.PATH ?? '/usr/bin:/bin', '/usr/sbin', '/sbin'].join(delimiter),
});

export const isRoot = process.getuid?.() === 0;
