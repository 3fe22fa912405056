import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { createOverlay, firstBootEntry, type Image } from './index.js';
import { words } from './words.js';

type Answer = { return?: unknown; error?: { desc: string } };

/** A guest of plain QEMU without acceleration, for looking at an image from the outside. */
export class QemuGuest implements AsyncDisposable {
  readonly started = Date.now();
  private socket: Socket | undefined;
  private answers: AsyncIterator<string> | undefined;

  private constructor(
    private readonly folder: string,
    private readonly process: ChildProcess,
    private readonly ended: Promise<unknown>,
  ) {}

  /** Boots an overlay of the image in an empty folder; `options` are further arguments for QEMU. */
  static async boot(image: Image, folder: string, given: string, options: readonly string[] = []): Promise<QemuGuest> {
    await createOverlay(image, join(folder, 'disk.qcow2'), image.virtualGiB + 1);
    await writeFile(join(folder, 'firstboot'), given);
    const devices = words(`
      -machine q35,accel=tcg -cpu max -nodefaults -vga std -display none
      -drive file=disk.qcow2,if=virtio -serial file:serial.log -monitor unix:monitor,server=on,wait=off
      -device virtio-serial-pci -chardev socket,id=agent,path=agent,server=on,wait=off
      -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0
      -fw_cfg name=${firstBootEntry},file=firstboot
    `);
    const child = spawn(
      'qemu-system-x86_64',
      [...devices, '-kernel', image.kernel, '-initrd', image.initrd, '-append', image.cmdline, ...options],
      { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] },
    );
    return new QemuGuest(folder, child, new Promise((resolve) => child.once('exit', resolve)));
  }

  serial = (): Promise<string> => readFile(join(this.folder, 'serial.log'), 'utf8');

  /** Resolves with the milliseconds since the start at which the agent first answered. */
  async agentAnswers(withinMs: number): Promise<number> {
    const limit = new AbortController();
    const late = pause(withinMs, undefined, { signal: limit.signal }).then(async () => {
      throw new Error(`no answer from the agent; the console says:\n${await this.serial()}`);
    });
    try {
      // The port keeps what is written to it until the guest listens.
      await Promise.race([this.call('guest-ping', {}), late]);
      return Date.now() - this.started;
    } finally {
      limit.abort();
    }
  }

  /** Runs a program in the guest and answers its output and exit code. */
  async exec(path: string, ...arg: string[]): Promise<{ code: number; output: string }> {
    const begun = await this.call('guest-exec', { path, arg, 'capture-output': true });
    const { pid } = begun as { pid: number }; // As QEMU's guest agent protocol defines.
    for (;;) {
      const seen = (await this.call('guest-exec-status', { pid })) as { exited: boolean; exitcode?: number } & Record<
        'out-data' | 'err-data',
        string | undefined
      >; // As QEMU's guest agent protocol defines.
      if (seen.exited) {
        const texts = [seen['out-data'], seen['err-data']].map((text) => Buffer.from(text ?? '', 'base64').toString());
        return { code: seen.exitcode ?? -1, output: texts.join('') };
      }
      await pause(20);
    }
  }

  /** Reboots by the agent, which never answers that, and waits for the agent of the next boot. */
  async reboots(withinMs: number): Promise<void> {
    const bootId = async (): Promise<string> => (await this.exec('cat', '/proc/sys/kernel/random/boot_id')).output;
    const before = await bootId();
    await this.write('guest-shutdown', { mode: 'reboot' });
    // Nothing may be asked of the agent that is going away: its answer would be lost.
    const deadline = Date.now() + withinMs;
    const boots = async (): Promise<number> => (await this.serial()).split('root file system mounted').length - 1;
    while ((await boots()) < 2) {
      if (Date.now() > deadline) throw new Error(`no reboot; the console says:\n${await this.serial()}`);
      await pause(50);
    }
    await this.agentAnswers(deadline - Date.now());
    if ((await bootId()) === before) throw new Error('the guest has not rebooted');
  }

  /** Presses the power button. */
  async pressPower(): Promise<void> {
    const monitor = connect(join(this.folder, 'monitor'));
    await new Promise((resolve) => monitor.once('data', resolve));
    monitor.end('system_powerdown\n');
  }

  /** Waits until QEMU has ended by itself. */
  async off(withinMs: number): Promise<boolean> {
    const limit = new AbortController();
    try {
      return await Promise.race([this.ended.then(() => true), pause(withinMs, false, { signal: limit.signal })]);
    } finally {
      limit.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket?.destroy();
    this.process.kill('SIGKILL');
    await this.ended;
  }

  /** Writes a command; the agent answers commands in order, one line each. */
  private async write(execute: string, args: object): Promise<void> {
    this.socket ??= await connected(join(this.folder, 'agent'));
    this.answers ??= createInterface(this.socket)[Symbol.asyncIterator]();
    this.socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
  }

  private async call(execute: string, args: object): Promise<unknown> {
    await this.write(execute, args);
    const line = await this.answers?.next();
    const text: string = line?.done === false ? line.value : '{}';
    const answer = JSON.parse(text) as Answer; // As QEMU's guest agent protocol defines.
    if ('return' in answer) return answer.return;
    throw new Error(`${execute}: ${answer.error?.desc ?? 'the agent is gone'}`);
  }
}

/** Connects to a socket that QEMU is about to open. */
async function connected(path: string): Promise<Socket> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const socket = connect(path);
    const failure = await new Promise<Error | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined)).once('error', resolve);
    });
    if (!failure) return socket;
    if (Date.now() > deadline) throw failure;
    await pause(20);
  }
}
