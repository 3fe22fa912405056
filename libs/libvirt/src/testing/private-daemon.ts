import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const DAEMON = '/usr/sbin/libvirtd';
const NOBODY = 65_534;

/**
 * A real libvirtd with directories of its own, as an unprivileged user's session daemon: it may be killed without harm to
 * anybody else's guests. It drives `test:///default` and `qemu:///session`; networks can be defined but not started.
 */
export class PrivateDaemon {
  #process: ChildProcess | undefined;

  private constructor(
    readonly directory: string,
    private readonly user: { readonly uid: number; readonly gid: number } | undefined,
  ) {}

  /** Why there can be none on this machine; undefined when there can. */
  static readonly missing: string | undefined = [DAEMON, '/usr/bin/virsh'].find((path) => !existsSync(path));

  static async start(): Promise<PrivateDaemon> {
    const directory = await mkdtemp(join(tmpdir(), 'libvirt-'));
    const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
    const config = join(directory, '.config', 'libvirt');
    await mkdir(config, { recursive: true });
    // A session QEMU would wait for a virtlogd of its own, which would outlive us.
    await writeFile(join(config, 'qemu.conf'), 'stdio_handler = "file"\n');
    if (user) {
      for (const path of [directory, join(directory, '.config'), config]) await chown(path, user.uid, user.gid);
    }
    const daemon = new PrivateDaemon(directory, user);
    await daemon.run();
    return daemon;
  }

  get socketPath(): string {
    return join(this.directory, 'libvirt', 'libvirt-sock');
  }

  /** Starts the process and waits until its socket answers. @throws when it does not within ten seconds. */
  async run(): Promise<void> {
    const env = { PATH: process.env['PATH'], HOME: this.directory, XDG_RUNTIME_DIR: this.directory };
    this.#process = spawn(DAEMON, [], { ...this.user, env, cwd: this.directory, stdio: 'ignore' });
    const deadline = Date.now() + 10_000;
    while (!(await answers(this.socketPath))) {
      if (Date.now() > deadline || this.#process.exitCode !== null)
        throw new Error('the private libvirtd does not start');
      await pause(20);
    }
  }

  /** Ends the process the hard way, as a crash would. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (!process || process.exitCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }

  /** Leaves nothing: guests outlive their daemon, so those of a test that failed half-way are ended here. */
  async stop(): Promise<void> {
    await this.kill();
    const running = join(this.directory, 'libvirt', 'qemu', 'run');
    const files = existsSync(running) ? await readdir(running) : [];
    // Each guest has a state and a pid file; the daemon has only the latter, and its pid may be another's by now.
    for (const state of files.filter((name) => name.endsWith('.xml'))) {
      endGuest(Number(await readFile(join(running, `${state.slice(0, -'.xml'.length)}.pid`), 'utf8')));
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  /** The independent witness: what `virsh` prints about the same daemon. `driver` is `test` or `qemu`. */
  async virsh(driver: 'test' | 'qemu', ...words: readonly string[]): Promise<string> {
    const path = driver === 'test' ? 'default' : 'session';
    const uri = `${driver}+unix:///${path}?socket=${this.socketPath}`;
    const { stdout } = await promisify(execFile)('virsh', ['--quiet', '--connect', uri, ...words]);
    return stdout.trim();
  }
}

const endGuest = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // Gone already, with its pid file left behind.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

const answers = async (socketPath: string): Promise<boolean> => {
  const socket = createConnection(socketPath);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // Not there yet is the expected answer while the daemon starts; the caller holds the deadline.
    return false;
  } finally {
    socket.destroy();
  }
};
