import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Where a libvirt daemon keeps what it knows. Each of them is covered, in a mount namespace, by a folder of our own. */
const covered = ['/run/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/etc/libvirt'];

/**
 * A second system daemon, with the whole machine's rights but a memory of its own: it drives real guests on real bridges,
 * and may be killed without harm to the guests of the daemon that the machine has.
 */
export class OwnSystemDaemon {
  readonly #folder = mkdtempSync(join(tmpdir(), 'own-libvirt-'));
  readonly #processes = new Map<string, ChildProcess>();

  static async start(): Promise<OwnSystemDaemon> {
    const own = new OwnSystemDaemon();
    for (const path of covered) mkdirSync(own.#cover(path), { recursive: true, mode: 0o755 });
    cpSync('/etc/libvirt/qemu.conf', join(own.#cover('/etc/libvirt'), 'qemu.conf'));
    spawnSync('chmod', ['755', own.#folder]);
    own.#run('virtlogd');
    await own.startDaemon();
    return own;
  }

  get socketPath(): string {
    return join(this.#cover('/run/libvirt'), 'libvirt-sock');
  }

  async startDaemon(): Promise<void> {
    this.#run('libvirtd');
    const uri = `qemu+unix:///system?socket=${this.socketPath}`;
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await pause(100)) {
      if (spawnSync('virsh', ['-q', '-c', uri, 'uri']).status === 0) return;
    }
    throw new Error('our own libvirtd does not answer');
  }

  /** As the kernel would kill it when memory runs out. Guests live on. */
  async killDaemon(): Promise<void> {
    await this.#kill('libvirtd');
  }

  async stop(): Promise<void> {
    for (const name of [...this.#processes.keys()]) await this.#kill(name);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #cover(path: string): string {
    return join(this.#folder, path.replaceAll('/', '_'));
  }

  #run(name: string): void {
    const binds = covered.map((path) => `mount --bind ${this.#cover(path)} ${path}`);
    const command = `exec ${name} --pid-file ${join(this.#folder, name)}.pid`;
    const script = ['set -e', 'mount --make-rprivate /', ...binds, command].join('\n');
    this.#processes.set(name, spawn('unshare', ['-m', 'sh', '-c', script], { stdio: 'ignore' }));
  }

  async #kill(name: string): Promise<void> {
    const process = this.#processes.get(name);
    this.#processes.delete(name);
    if (!process || process.exitCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }
}
