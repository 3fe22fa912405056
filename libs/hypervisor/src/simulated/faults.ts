import type { Disks, Domains, Guests, Images, Networks } from '../hypervisor.js';

/** `domains.start`, `disks.ensureRoot`, …: a port and one of its verbs. */
export type Verb =
  | `domains.${Exclude<keyof Domains, 'watch'>}`
  | `disks.${keyof Disks}`
  | `networks.${keyof Networks}`
  | `guests.${keyof Guests}`
  | `images.${keyof Images}`
  | 'facts';

/**
 * What goes wrong:
 * - `fail`: nothing happens and the call says so.
 * - `hang`: nothing happens and the call says nothing, until the driver's deadline ends it with `unknown`.
 * - `done-but-said-failed`: it happens, and the call ends with `unknown`.
 * - `vanished`: the guest is gone, definition and all, before the verb is carried out.
 */
export type Fault =
  | Readonly<{ kind: 'fail'; outcome: 'refused' | 'retryable' }>
  | Readonly<{ kind: 'hang' | 'done-but-said-failed' | 'vanished' }>;

type Scripted = { readonly verb: Verb; readonly fault: Fault; readonly instanceId: string | undefined; left: number };

/** The misfortunes that await the next calls on one host, in the order in which they were scripted. */
export class Faults {
  #script: Scripted[] = [];

  /** The next `times` calls of `verb` (concerning `instanceId`, when given) meet this fault. */
  on(verb: Verb, fault: Fault, { times = 1, instanceId }: { times?: number; instanceId?: string } = {}): void {
    this.#script.push({ verb, fault, instanceId, left: times });
  }

  clear(): void {
    this.#script = [];
  }

  /** Faults that nobody has met yet. */
  get pending(): number {
    return this.#script.reduce((sum, { left }) => sum + left, 0);
  }

  take(verb: Verb, subject: string | undefined): Fault | undefined {
    const met = this.#script.find((scripted) => scripted.verb === verb && (scripted.instanceId ?? subject) === subject);
    if (!met) return undefined;
    met.left -= 1;
    if (met.left <= 0) this.#script = this.#script.filter((scripted) => scripted !== met);
    return met.fault;
  }
}
