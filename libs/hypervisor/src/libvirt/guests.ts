import { open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ErrorCode, isAgentUnresponsive, LibvirtError } from '@strata/libvirt';
import type { DomainRef } from '@strata/libvirt';
import { Guests, HypervisorError } from '../hypervisor.js';
import type { ExecResult } from '../hypervisor.js';
import { refused } from '../refusal.js';
import type { Daemon } from './daemon.js';
import { answered } from './daemon.js';
import { unlessMissing } from './files.js';
import { guestStateOf } from './guest-state.js';

/** What an agent says against a command comes, up to libvirt 9.0, as an internal error. */
const saysTheAgent = (error: unknown): error is LibvirtError =>
  error instanceof LibvirtError &&
  (error.code === ErrorCode.AgentCommandFailed || error.code === ErrorCode.InternalError);

/** qemu-guest-agent's answers; what a guest sends is never taken on trust. */
type ExecStatus = Readonly<{ exited: boolean; exitCode: number; stdout: string; stderr: string }>;

export class LibvirtGuests extends Guests {
  constructor(private readonly daemon: Daemon) {
    super();
  }

  exec(instanceId: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult> {
    return answered(async () => {
      const deadline = performance.now() + timeoutMs;
      const dom = await this.#agentOf(instanceId, deadline, timeoutMs);
      const [path = '', ...arg] = argv;
      let pid: number;
      try {
        const command = { execute: 'guest-exec', arguments: { path, arg, 'capture-output': true } };
        pid = numberIn(await this.daemon.slow.agentCommand(dom, command), 'pid');
      } catch (error) {
        // The agent answered, but cannot run the program: a shell would end with 127, and so does this.
        if (!saysTheAgent(error)) throw error;
        return { exitCode: 127, stdout: '', stderr: `${error.message}\n` };
      }
      for (let wait = 5; ; wait = Math.min(wait * 2, 200)) {
        const status = statusFrom(
          await this.daemon.slow.agentCommand(dom, { execute: 'guest-exec-status', arguments: { pid } }),
        );
        if (status.exited) return { exitCode: status.exitCode, stdout: status.stdout, stderr: status.stderr };
        if (performance.now() > deadline) {
          throw new HypervisorError(
            'unknown',
            `${path} was still running in instance ${instanceId} after ${timeoutMs} ms`,
          );
        }
        await pause(wait);
      }
    });
  }

  log(instanceId: string, bytes: number): Promise<string> {
    return answered(async () => {
      if (!(await this.daemon.findDomain(instanceId))) throw refused(`there is no guest for instance ${instanceId}`);
      const { console } = this.daemon.home.filesOf(instanceId);
      const recent = await tailOf(console, bytes);
      // The log was rotated a moment ago: what came before is in the file before.
      const earlier = recent.length < bytes ? await tailOf(`${console}.0`, bytes - recent.length) : Buffer.alloc(0);
      return Buffer.concat([earlier, recent]).toString('utf8');
    });
  }

  /** Waits until the agent answers; the guest may still be booting, or rebooting. */
  async #agentOf(instanceId: string, deadline: number, timeoutMs: number): Promise<DomainRef> {
    for (;;) {
      const dom = await this.daemon.findDomain(instanceId);
      const state = dom && (await guestStateOf(this.daemon.libvirt, dom));
      if (!dom || !state) throw refused(`there is no guest for instance ${instanceId}`);
      if (state.power !== 'on') throw refused(`instance ${instanceId} is ${state.power}`);
      if (state.guestAgent && (await this.#pings(dom))) return dom;
      if (performance.now() > deadline) {
        throw new HypervisorError('retryable', `no agent answered in instance ${instanceId} within ${timeoutMs} ms`);
      }
      await pause(100);
    }
  }

  async #pings(dom: DomainRef): Promise<boolean> {
    try {
      await this.daemon.slow.agentCommand(dom, { execute: 'guest-ping' }, 2);
      return true;
    } catch (error) {
      if (isAgentUnresponsive(error)) return false;
      throw error;
    }
  }
}

const fieldsOf = (reply: unknown): ReadonlyMap<string, unknown> =>
  new Map(Object.entries(typeof reply === 'object' && reply !== null ? reply : {}));

const numberIn = (reply: unknown, name: string): number => {
  const value = fieldsOf(reply).get(name);
  if (typeof value === 'number') return value;
  throw refused(`the agent in the guest answered without a ${name}`);
};

const textIn = (fields: ReadonlyMap<string, unknown>, name: string): string => {
  const value = fields.get(name);
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
};

const statusFrom = (reply: unknown): ExecStatus => {
  const fields = fieldsOf(reply);
  const code = fields.get('exitcode');
  const signal = fields.get('signal');
  return {
    exited: fields.get('exited') === true,
    // As shells say it: a command that a signal ended exits with 128 and its number.
    exitCode: typeof code === 'number' ? code : 128 + (typeof signal === 'number' ? signal : 0),
    stdout: textIn(fields, 'out-data'),
    stderr: textIn(fields, 'err-data'),
  };
};

const tailOf = async (file: string, bytes: number): Promise<Buffer> => {
  const handle = await unlessMissing(open(file, 'r'));
  if (!handle) return Buffer.alloc(0);
  await using log = handle;
  const { size } = await log.stat();
  const length = Math.min(bytes, size);
  const { buffer, bytesRead } = await log.read({ buffer: Buffer.alloc(length), position: size - length });
  return buffer.subarray(0, bytesRead);
};
