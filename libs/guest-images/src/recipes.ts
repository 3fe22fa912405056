import { words } from './words.js';

export type Recipe = 'tiny' | 'debian-12';

/** What a tenant reads before choosing, and the least an instance needs. */
export const recipes: Readonly<
  Record<Recipe, { title: string; description: string; minMemoryMiB: number; minDiskGiB: number }>
> = {
  tiny: {
    title: 'Tiny Linux',
    description:
      'Busybox and the guest agent: answers within seconds, serves its name on port 80. For trying things out.',
    minMemoryMiB: 96,
    minDiskGiB: 1,
  },
  'debian-12': {
    title: 'Debian 12 (bookworm)',
    description: 'A small Debian with systemd, apt and SSH by key.',
    minMemoryMiB: 256,
    minDiskGiB: 2,
  },
};

/** How a recipe is made. `packages` are asked of apt by name or pattern; apt adds what they depend on. */
export type Ingredients = Readonly<{ packages: readonly string[]; files: readonly string[]; virtualGiB: number }>;

export const ingredients: Readonly<Record<Recipe, Ingredients>> = {
  tiny: {
    packages: words('busybox-static e2fsprogs qemu-guest-agent usr-is-merged'),
    files: ['shared', 'tiny'],
    virtualGiB: 1,
  },
  'debian-12': {
    // mmdebstrap's variant "apt" is what is essential, and apt; the rest is named here.
    packages: words(`
      ?essential apt usr-is-merged mount passwd e2fsprogs tzdata
      systemd-sysv dbus libpam-systemd udev kmod procps less vim-tiny
      iproute2 iputils-ping netbase ca-certificates curl openssh-server qemu-guest-agent
    `),
    files: ['shared', 'debian-12'],
    virtualGiB: 2,
  },
};

/**
 * Both recipes boot their kernel directly from a disk without partitions. `mitigations=off` and its neighbours save
 * boot time that only an emulated processor notices; the last console is the one that boot messages go to.
 */
export const cmdline = [
  'root=/dev/vda rw console=tty0 console=ttyS0 quiet net.ifnames=0',
  'edd=off mitigations=off audit=0 nokaslr 8250.nr_uarts=1 lsm=yama systemd.show_status=true',
].join(' ');

/** Raised when the code that builds changes what comes out; part of every digest. */
export const recipeFormat = 1;
