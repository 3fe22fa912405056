import { link, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runContained } from './command.js';
import { type GuestFile, writeGuestFiles } from './guest-files.js';
import { installModules, type Kernel } from './kernel.js';
import { archiveOf, type Package } from './packages.js';
import { words } from './words.js';

const enabled = words(`
  strata-agent.service strata-firstboot.service strata-resolv.path systemd-networkd.service ssh.service
`);

/** Units that cost boot time and do nothing for a small virtual machine whose disk is mounted when systemd starts. */
const masked = words(`
  qemu-guest-agent.service systemd-networkd-wait-online.service systemd-remount-fs.service getty@tty1.service
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-pstore.service systemd-hwdb-update.service
  systemd-journal-catalog-update.service systemd-journal-flush.service systemd-update-utmp.service
  systemd-update-utmp-runlevel.service systemd-firstboot.service systemd-sysusers.service systemd-binfmt.service
  proc-sys-fs-binfmt_misc.automount systemd-boot-system-token.service systemd-random-seed.service
  systemd-network-generator.service systemd-machine-id-commit.service systemd-modules-load.service
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount
  sys-fs-fuse-connections.mount modprobe@configfs.service modprobe@drm.service modprobe@efi_pstore.service
  modprobe@fuse.service modprobe@dm_mod.service modprobe@loop.service
`);

/** A package archive of nothing but the planned packages: the build can install no other, and needs no network. */
async function makeArchive(packages: readonly Package[], downloads: string, folder: string): Promise<void> {
  await mkdir(folder);
  const stanzas = packages.map(({ stanza, sha256 }) => stanza.replace(/^Filename:.*$/m, `Filename: ./${sha256}.deb`));
  for (const it of packages) await link(archiveOf(it, downloads), join(folder, `${it.sha256}.deb`));
  await writeFile(join(folder, 'Packages'), `${stanzas.join('\n\n')}\n`);
}

async function installedIn(root: string): Promise<string[]> {
  const status = await readFile(join(root, 'var/lib/dpkg/status'), 'utf8');
  return [...status.matchAll(/^Package: (.*)\n(?:.+\n)*?Version: (.*)$/gm)]
    .map(([, name, version]) => `${name} ${version}`)
    .sort();
}

/** The root file system of the recipe `debian-12`. Needs root, because packages own files as several users. */
export async function makeDebianRoot(
  input: Readonly<{
    packages: readonly Package[];
    downloads: string;
    sources: readonly string[];
    kernel: Kernel;
    files: readonly GuestFile[];
  }>,
  root: string,
  workspace: string,
  signal: AbortSignal,
): Promise<void> {
  const archive = join(workspace, 'archive');
  await makeArchive(input.packages, input.downloads, archive);
  const names = input.packages.map(({ name }) => name).join(',');
  await runContained(
    'mmdebstrap',
    [
      '--mode=root',
      '--variant=apt',
      // Debian 12 has one /usr; the hook lays the links before the first package is unpacked.
      '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
      `--include=${names}`,
      '--aptopt=APT::Install-Recommends "false"',
      '--aptopt=APT::Sandbox::User "root"',
      ...words('man locale doc info').map((kind) => `--dpkgopt=path-exclude=/usr/share/${kind}/*`),
      '--dpkgopt=path-include=/usr/share/doc/*/copyright',
      '',
      root,
      `deb [trusted=yes] copy:${archive} ./`,
    ],
    { signal, env: { TMPDIR: workspace } },
  );

  const planned = input.packages.map(({ name, version }) => `${name} ${version}`).sort();
  const installed = await installedIn(root);
  if (installed.join() !== planned.join()) {
    const planless = installed.filter((it) => !planned.includes(it));
    const lacking = planned.filter((it) => !installed.includes(it));
    throw new Error(`the image is not as planned: too much: ${planless.join(', ')}; lacking: ${lacking.join(', ')}`);
  }

  await installModules(input.kernel, root, signal);
  await writeGuestFiles(input.files, root);
  await writeFile(join(root, 'etc/apt/sources.list'), `${input.sources.join('\n')}\n`);
  await writeFile(join(root, 'etc/fstab'), '');
  // An empty machine-id makes systemd draw a new one for each instance.
  await writeFile(join(root, 'etc/machine-id'), '');
  for (const path of ['var/lib/dbus/machine-id', 'etc/resolv.conf', 'etc/apt/apt.conf.d/99mmdebstrap']) {
    await rm(join(root, path), { force: true });
  }
  for (const kind of ['rsa', 'ecdsa', 'ed25519']) {
    for (const end of ['', '.pub']) await rm(join(root, `etc/ssh/ssh_host_${kind}_key${end}`), { force: true });
  }
  await symlink('/run/resolv.conf', join(root, 'etc/resolv.conf'));
  await run('chroot', [root, 'systemctl', 'enable', '--quiet', ...enabled], { signal });
  await run('chroot', [root, 'systemctl', 'mask', '--quiet', ...masked], { signal });
}
