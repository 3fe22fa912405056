import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Ends } from '../ends.js';
import { contenders } from './all.js';
import { Peers } from '../peers/peers.js';
import type { Assignment, Reply, Sample, Task, Ways } from './task.js';

const program = fileURLToPath(import.meta.resolve('./contender-process.js'));
/** No task takes longer, unless something hangs. */
const WITHIN = 180_000;

/** The process of one contender, as whoever measures it sees it. */
export class ContenderClient {
  private constructor(
    readonly name: string,
    /** Of the package that was measured; nothing for those without one. */
    readonly version: string | undefined,
    readonly ways: Ways,
    private readonly child: ChildProcess,
  ) {}

  /** @throws what the contender says when it cannot be made ready */
  static async start(assignment: Assignment, ends: Ends): Promise<ContenderClient> {
    const { contender: name, peersFolder } = assignment;
    const child = fork(program, [JSON.stringify(assignment)], {
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // A Ctrl-C in the terminal is for the bench, which then ends what it started in order.
      detached: true,
    });
    ends.add(async () => void child.kill('SIGKILL'));
    // A task that cannot be sent any more is found out by its reply, which does not come.
    child.on('error', () => undefined);
    const reply = await replyOf(child);
    if (!('ways' in reply)) throw new Error(`${name} cannot be made ready: ${JSON.stringify(reply)}`);
    const npm = contenders[name]?.package;
    const version = npm === undefined ? undefined : `${npm} ${new Peers(peersFolder).versionOf(npm)}`;
    return new ContenderClient(name, version, reply.ways, child);
  }

  /** @throws what the contender says when it cannot */
  async do(task: Task): Promise<Sample> {
    if (!this.child.connected) throw new Error(`${this.name}: its process has ended`);
    const replied = replyOf(this.child);
    this.child.send(task);
    const reply = await replied;
    if ('sample' in reply) return reply.sample;
    throw new Error(`${this.name}: ${'error' in reply ? reply.error : 'no sample'}`);
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}

const replyOf = (child: ChildProcess): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      clearTimeout(late);
      child.off('message', heard).off('exit', gone);
      then();
    };
    const heard = (reply: Reply) => settle(() => resolve(reply));
    const gone = () => settle(() => reject(new Error('its process has ended')));
    const hung = () => settle(() => reject(new Error(`it did not answer within ${WITHIN / 1000} s`)));
    const late = setTimeout(hung, WITHIN);
    child.on('message', heard).once('exit', gone);
  });
