import { spawn } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Image } from '@strata/guest-images';
import { elementsOf } from './xml.js';
import { exists, unlessMissing } from './files.js';
import type { Daemon } from './daemon.js';

export type Accelerator = 'kvm' | 'tcg';

/** What Linux prints once it has come far enough to start its first process. */
const alive = /Run \/init as init process/;

/** Milliseconds; with KVM that works it takes less than one second. */
const patience = 8000;

/**
 * What guests run on. That `/dev/kvm` exists proves nothing: on some nested machines firmware runs and every kernel hangs.
 * So KVM is believed only after a throw-away guest has started, under KVM, a kernel of the image cache; until there is an
 * image, and where the guest hangs, QEMU translates (TCG). The verdict is kept in the home until the host is rebooted.
 */
export class Accelerators {
  #probe: Promise<Accelerator> | undefined;

  constructor(private readonly daemon: Daemon) {}

  /** The verdict so far: `tcg` until a probe guest has run. */
  async known(): Promise<Accelerator> {
    return (await this.#remembered()) ?? 'tcg';
  }

  async forImage(image: Image): Promise<Accelerator> {
    this.#probe ??= this.#decide(image).catch((error: unknown) => {
      this.#probe = undefined;
      throw error;
    });
    return this.#probe;
  }

  async #decide(image: Image): Promise<Accelerator> {
    const remembered = await this.#remembered();
    if (remembered) return remembered;
    const accelerator =
      (await this.#isOffered()) && (await boots(image, ['-accel', 'kvm', '-cpu', 'host'])) ? 'kvm' : 'tcg';
    await writeFile(`${this.#file}.draft`, `${await bootId()} ${accelerator}\n`);
    await rename(`${this.#file}.draft`, this.#file);
    return accelerator;
  }

  /** Whether libvirt could use KVM at all: QEMU's user may open the device. */
  async #isOffered(): Promise<boolean> {
    if (!(await exists('/dev/kvm'))) return false;
    const capabilities = await this.daemon.libvirt.call('connectGetCapabilities');
    return elementsOf(capabilities, 'domain').some((domain) => domain.get('type') === 'kvm');
  }

  async #remembered(): Promise<Accelerator | undefined> {
    const text = (await unlessMissing(readFile(this.#file, 'utf8'))) ?? '';
    const [boot, accelerator] = text.trim().split(' ');
    if (boot !== (await bootId())) return undefined;
    return accelerator === 'kvm' || accelerator === 'tcg' ? accelerator : undefined;
  }

  get #file(): string {
    return this.daemon.home.accelerator;
  }
}

const bootId = async (): Promise<string> => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();

/** Runs QEMU by hand, without libvirt and without a disk, until the kernel is alive or patience ends. */
export const boots = (
  { kernel, initrd }: Pick<Image, 'kernel' | 'initrd'>,
  on: readonly string[],
): Promise<boolean> => {
  const guest = spawn(
    'qemu-system-x86_64',
    [
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-machine', 'q35', '-m', '256'],
      ...[...on, '-serial', 'stdio'],
      ...['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 panic=-1'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return new Promise((resolve) => {
    let console = '';
    const deadline = setTimeout(() => guest.kill('SIGKILL'), patience);
    guest.stdout.setEncoding('latin1').on('data', (text: string) => {
      console += text;
      if (alive.test(console)) guest.kill('SIGKILL');
    });
    const verdict = (): void => {
      clearTimeout(deadline);
      resolve(alive.test(console));
    };
    // QEMU that is missing, or will not have the device, is a "no" like any other.
    guest.once('error', verdict);
    guest.once('close', verdict);
  });
};
