import { fork } from 'node:child_process';
import type { ChildProcess, ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Hypervisor, HypervisorError } from '../hypervisor.js';
import type { Disks, Domains, Guests, HostFacts, Images, Networks } from '../hypervisor.js';

type Port = 'domains' | 'disks' | 'networks' | 'guests' | 'images';

export type Question = Readonly<{ id: number; port: Port | 'host'; verb: string; args: readonly unknown[] }>;
export type Answer =
  | Readonly<{ id: number; result: unknown }>
  | Readonly<{ id: number; outcome: HypervisorError['outcome'] | undefined; message: string }>
  | Readonly<{ hint: string | undefined }>
  | Readonly<{ why: string; fellBack: boolean }>;

/** Who somebody else is: an account, and the folder that is home to them. */
export type Somebody = Readonly<{ uid?: number; gid?: number; env: NodeJS.ProcessEnv }>;

/** The hypervisor of another user, in a process of theirs: what is asked here is done there. */
export class HypervisorElsewhere extends Hypervisor {
  readonly domains = this.#port<Domains>('domains');
  readonly disks = this.#port<Disks>('disks');
  readonly networks = this.#port<Networks>('networks');
  readonly guests = this.#port<Guests>('guests');
  readonly images = this.#port<Images>('images');
  /** What the choice of the hypervisor was founded on. */
  why = '';
  readonly #listeners = new Set<(hint: string | undefined) => void>();
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #last = 0;

  private constructor(private readonly child: ChildProcess) {
    super();
  }

  static async open(home: string, { env, ...account }: Somebody): Promise<HypervisorElsewhere> {
    const script = fileURLToPath(new URL('./elsewhere.child.fixtures.js', import.meta.url));
    const options: ForkOptions = { ...account, env, cwd: '/', execArgv: [], serialization: 'advanced' };
    const child = fork(script, [home], options);
    const elsewhere = new HypervisorElsewhere(child);
    const ready = new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`the other user's process ended with ${code}`)));
    });
    child.on('message', (answer: Answer) => elsewhere.#take(answer));
    await ready;
    return elsewhere;
  }

  facts(): Promise<HostFacts> {
    // The other side hands on what its hypervisor answers, which is of this type there.
    return this.#ask('host', 'facts', []) as Promise<HostFacts>;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.disconnect();
    await once(this.child, 'exit');
  }

  #port<P extends object>(port: Port): P {
    const verbs = {
      get: (_: object, verb: string) =>
        verb === 'watch'
          ? (listener: (hint: string | undefined) => void) => this.#watch(listener)
          : (...args: readonly unknown[]) =>
              this.#ask(
                port,
                verb,
                args.filter((arg) => typeof arg !== 'function'),
              ),
    };
    // Whatever is asked of the port is asked of the true one by name, so that it has every verb of its type.
    return new Proxy({}, verbs) as P;
  }

  #watch(listener: (hint: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #ask(port: Question['port'], verb: string, args: readonly unknown[]): Promise<unknown> {
    const id = (this.#last += 1);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.child.send({ id, port, verb, args } satisfies Question);
    return waiting.promise;
  }

  #take(answer: Answer): void {
    if ('why' in answer) this.why = answer.why;
    else if ('hint' in answer) for (const listener of this.#listeners) listener(answer.hint);
    else {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('result' in answer) waiting?.resolve(answer.result);
      else
        waiting?.reject(
          answer.outcome ? new HypervisorError(answer.outcome, answer.message) : new Error(answer.message),
        );
    }
  }
}
