import { Guests } from '../hypervisor.js';
import type { ExecResult } from '../hypervisor.js';
import { HypervisorError } from '../hypervisor.js';
import { refused } from '../refusal.js';
import type { SimulatedHost } from './simulated-host.js';
import type { Call } from './simulated-hypervisor.js';
import type { Guest } from './world.js';

export class SimulatedGuests extends Guests {
  constructor(
    private readonly host: SimulatedHost,
    private readonly call: Call,
  ) {
    super();
  }

  exec(instanceId: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult> {
    return this.call('guests.exec', instanceId, async () => {
      const agent = (): boolean => {
        const guest = this.#get(instanceId);
        if (guest.power !== 'on') throw refused(`instance ${instanceId} is ${guest.power}`);
        return guest.agent;
      };
      if (!agent()) await this.#changed(instanceId, timeoutMs, agent);
      return answer(this.#get(instanceId), argv);
    });
  }

  log(instanceId: string, bytes: number): Promise<string> {
    return this.call('guests.log', instanceId, () => {
      const text = this.#get(instanceId)
        .boots.flatMap((at) => bootLines(this.#get(instanceId), at))
        .join('\n');
      return text.slice(Math.max(0, text.length - bytes));
    });
  }

  #get(instanceId: string): Guest {
    const guest = this.host.world.guests.get(instanceId);
    if (!guest) throw refused(`there is no guest for instance ${instanceId}`);
    return guest;
  }

  /** Waits until `condition` holds, looking again whenever something happens to the guest. */
  async #changed(instanceId: string, timeoutMs: number, condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        calledOff();
        stop();
        settle();
      };
      const calledOff = this.host.clock.after(timeoutMs, () => {
        const message = `no agent answered in instance ${instanceId} within ${timeoutMs} ms`;
        end(() => reject(new HypervisorError('retryable', message)));
      });
      const stop = this.host.watch((changed) => {
        if (changed !== undefined && changed !== instanceId) return;
        try {
          if (condition()) end(resolve);
        } catch (error) {
          end(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      });
    });
  }
}

/** A small believable set. Whoever asks for more learns that nothing real is there. */
const answer = ({ spec }: Guest, [program = '', ...args]: readonly string[]): ExecResult => {
  const { hostname } = spec.firstBoot;
  const says = (stdout: string): ExecResult => ({ exitCode: 0, stdout: `${stdout}\n`, stderr: '' });
  switch (program.split('/').at(-1)) {
    case 'echo':
      return says(args.join(' '));
    case 'hostname':
      return says(hostname);
    case 'uname':
      return says(args.includes('-a') ? `Linux ${hostname} 6.1.0-simulated #1 SMP x86_64 GNU/Linux` : 'Linux');
    case 'true':
      return { exitCode: 0, stdout: '', stderr: '' };
    case 'false':
      return { exitCode: 1, stdout: '', stderr: '' };
    default:
      return { exitCode: 127, stdout: '', stderr: `${program}: not found: this guest is simulated\n` };
  }
};

const bootLines = ({ spec }: Guest, at: string): readonly string[] => [
  `[    0.000000] Linux version 6.1.0-simulated (this guest is simulated; booted ${at})`,
  `[    0.012000] Memory: ${spec.memoryMiB * 1024}K available, ${spec.vcpus} CPUs`,
  `[    0.480000] virtio_net virtio0 eth0: ${spec.lease.mac}`,
  `[    1.100000] EXT4-fs (vda): ${spec.diskGiB} GiB`,
  'strata: root file system mounted',
  `${spec.firstBoot.hostname}: address ${spec.lease.ip}`,
  `${spec.firstBoot.hostname} login: `,
];
