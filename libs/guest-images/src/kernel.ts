import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from './command.js';
import { cpio, type CpioEntry } from './cpio.js';
import type { GuestFile } from './guest-files.js';
import { words } from './words.js';

/** An unpacked kernel package: its release, its bzImage and the folder with its modules. */
export type Kernel = Readonly<{ version: string; image: string; modules: string }>;

/** Everything virtio is a module in Debian's cloud kernel, and so are the power button and fw_cfg. */
const bootModules = words(`
  virtio_pci virtio_blk virtio_net virtio_console virtio_balloon virtio_rng button evdev qemu_fw_cfg
`);

/** The parts of the module tree that a Debian guest may ask for; real hardware is left out. */
const guestModules = words(`
  modules.builtin modules.builtin.modinfo modules.order
  kernel/crypto kernel/fs kernel/lib kernel/net
  kernel/drivers/acpi kernel/drivers/block kernel/drivers/char kernel/drivers/firmware kernel/drivers/input
  kernel/drivers/md kernel/drivers/scsi kernel/drivers/virtio
  kernel/drivers/net/virtio_net.ko kernel/drivers/net/net_failover.ko kernel/drivers/net/veth.ko
  kernel/drivers/net/vxlan kernel/drivers/net/tun.ko kernel/drivers/net/dummy.ko kernel/drivers/net/macvlan.ko
`);

export async function unpackKernel(archive: string, folder: string, signal: AbortSignal): Promise<Kernel> {
  await run('dpkg-deb', ['-x', archive, folder], { signal });
  const [version] = await readdir(join(folder, 'lib/modules'));
  if (!version) throw new Error(`${basename(archive)} holds no kernel modules`);
  if (!existsSync(join(folder, 'lib/modules', version, 'modules.dep'))) {
    await run('depmod', ['-b', folder, version], { signal });
  }
  return { version, image: join(folder, 'boot', `vmlinuz-${version}`), modules: join(folder, 'lib/modules', version) };
}

/**
 * The module files to insert, each after those it needs. `dependencies` is the text of modules.dep.
 * @throws when a module is neither there nor known to be built in
 */
export function loadOrder(dependencies: string, builtin: string, names: readonly string[]): string[] {
  const nameOf = (file: string): string =>
    basename(file)
      .replace(/\.ko.*$/, '')
      .replaceAll('-', '_');
  const needs = new Map(
    dependencies.split('\n').flatMap((line): [string, string[]][] => {
      const [file, rest] = line.split(':');
      return file ? [[file, rest?.split(' ').filter(Boolean) ?? []]] : [];
    }),
  );
  const files = new Map([...needs.keys()].map((file) => [nameOf(file), file]));
  const builtins = new Set(builtin.split('\n').map(nameOf));

  const ordered = new Set<string>();
  const add = (file: string): void => {
    if (ordered.has(file)) return;
    for (const needed of needs.get(file) ?? []) add(needed);
    ordered.add(file);
  };
  for (const name of names) {
    const file = files.get(name);
    if (file) add(file);
    else if (!builtins.has(name)) throw new Error(`the kernel package has no module ${name}`);
  }
  return [...ordered];
}

/** The initramfs: busybox, the modules that reach a virtio disk, and our process 1. */
export async function makeInitramfs(
  kernel: Kernel,
  busybox: string,
  files: readonly GuestFile[],
  signal: AbortSignal,
): Promise<Buffer> {
  const [dependencies, builtin, applets] = await Promise.all([
    readFile(join(kernel.modules, 'modules.dep'), 'utf8'),
    readFile(join(kernel.modules, 'modules.builtin'), 'utf8'),
    run(busybox, ['--list'], { signal }),
  ]);
  const modules = loadOrder(dependencies, builtin, bootModules);
  const entries: CpioEntry[] = [
    ...words('bin dev lib lib/modules newroot proc sys').map((path) => ({ type: 'folder', path }) as const),
    { type: 'character device', path: 'dev/console', major: 5, minor: 1 },
    { type: 'character device', path: 'dev/null', major: 1, minor: 3 },
    { type: 'file', path: 'bin/busybox', content: await readFile(busybox), executable: true },
    ...applets
      .split('\n')
      .filter((applet) => applet !== '' && applet !== 'busybox')
      .map((applet) => ({ type: 'link', path: `bin/${applet}`, target: 'busybox' }) as const),
    ...files.map((file) => ({ type: 'file', ...file }) as const),
  ];
  for (const [index, module] of modules.entries()) {
    // The shell expands names in alphabetical order; the number keeps the order of loading.
    const path = `lib/modules/${String(index).padStart(2, '0')}-${basename(module)}`;
    entries.push({ type: 'file', path, content: await readFile(join(kernel.modules, module)), executable: false });
  }
  return cpio(entries);
}

/** Gives a root file system the modules that its services may load later. */
export async function installModules(kernel: Kernel, root: string, signal: AbortSignal): Promise<void> {
  const target = join(root, 'lib/modules', kernel.version);
  await mkdir(target, { recursive: true });
  for (const part of guestModules) {
    const source = join(kernel.modules, part);
    if (!existsSync(source)) continue;
    await mkdir(dirname(join(target, part)), { recursive: true });
    await cp(source, join(target, part), { recursive: true });
  }
  await run('depmod', ['-b', root, kernel.version], { signal });
}
