import type { NetworkWish } from '@strata/contracts';
import { HypervisorError } from '@strata/hypervisor';
import type { HostView } from './lookout.js';
import { backoff } from './workplace.js';
import type { Workplace } from './workplace.js';

type Entry = {
  wish: NetworkWish;
  busy: boolean;
  /** The network was laid by this agent or found in order by it. */
  ensured: boolean;
  repeat: boolean;
  failure: Readonly<{ message: string; attempts: number; again: number | 'round' }> | undefined;
};

/**
 * Lays the networks that are wished and removes the others. Instances wait for their network, and a network that is to go
 * waits for its instances. A refusal is tried again on the next round, because what stands in the way is somebody else's.
 */
export class NetworkWorker {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly place: Pick<Workplace, 'hypervisor' | 'clock' | 'limits' | 'reporter' | 'warn'>,
    private readonly isUsed: (networkId: string) => boolean,
    /** A network is there that was not there before. */
    private readonly laid: (networkId: string) => void,
  ) {}

  take(wishes: readonly NetworkWish[], round: 'everything' | 'some'): void {
    if (round === 'everything') {
      const wished = new Set(wishes.map(({ networkId }) => networkId));
      for (const networkId of this.#entries.keys()) if (!wished.has(networkId)) this.#entries.delete(networkId);
    }
    for (const wish of wishes) {
      const entry = this.#entries.get(wish.networkId) ?? {
        busy: false,
        ensured: false,
        repeat: true,
        failure: undefined,
      };
      const failure = round === 'everything' && entry.failure?.again === 'round' ? undefined : entry.failure;
      const repeat = entry.repeat || round === 'everything';
      // The same object stays in the map, because work that is under way writes its end into it.
      this.#entries.set(wish.networkId, Object.assign(entry, { wish, failure, repeat }));
    }
  }

  /** Compares every wished network with what was seen, and acts without keeping anybody waiting. */
  settle(view: HostView): void {
    for (const [networkId, entry] of this.#entries) this.#tend(entry, view.networks.has(networkId));
  }

  /** One of its instances is gone; perhaps it was the last. */
  freed(networkId: string): void {
    const entry = this.#entries.get(networkId);
    if (entry?.wish.presence === 'absent') this.#tend(entry, true);
  }

  /** Nothing is known any more: the machine may have been started anew. */
  forgetEverything(): void {
    for (const entry of this.#entries.values()) entry.ensured = false;
  }

  problemOf(networkId: string): string | null {
    return this.#entries.get(networkId)?.failure?.message ?? null;
  }

  #tend(entry: Entry, isThere: boolean): void {
    if (entry.busy) return;
    if (entry.wish.presence === 'present' && isThere && entry.ensured) return this.#say(entry, 'present');
    if (entry.wish.presence === 'absent' && !isThere) return this.#say(entry, 'absent');
    if (entry.wish.presence === 'absent' && this.isUsed(entry.wish.networkId)) return this.#say(entry, 'present');
    const again = entry.failure?.again;
    if (again === 'round' || (again ?? 0) > Date.parse(this.place.clock.now())) {
      return this.#say(entry, isThere ? 'present' : 'absent');
    }
    void this.#act(entry, isThere);
  }

  async #act(entry: Entry, wasThere: boolean): Promise<void> {
    const { networks } = this.place.hypervisor;
    const { presence, ...network } = entry.wish;
    entry.busy = true;
    try {
      await (presence === 'present' ? networks.ensure(network) : networks.remove(network.networkId));
      entry.ensured = presence === 'present';
      entry.failure = undefined;
      this.#say(entry, presence);
    } catch (error) {
      this.#fail(entry, error);
      this.#say(entry, wasThere ? 'present' : 'absent');
    } finally {
      entry.busy = false;
    }
    if (entry.failure === undefined && presence === 'present' && !wasThere) this.laid(network.networkId);
    // The wish may have changed meanwhile.
    if (entry.wish.presence !== presence) this.#tend(entry, presence === 'present');
  }

  #fail(entry: Entry, error: unknown): void {
    const { clock, limits, warn } = this.place;
    if (!(error instanceof HypervisorError)) warn(`the work on network ${entry.wish.networkId} broke`, error);
    const message = error instanceof Error ? error.message : String(error);
    const attempts = (entry.failure?.attempts ?? 0) + 1;
    const refused = error instanceof HypervisorError && error.outcome === 'refused';
    const ms = backoff(limits, attempts);
    entry.failure = { message, attempts, again: refused ? 'round' : Date.parse(clock.now()) + ms };
  }

  #say(entry: Entry, state: 'present' | 'absent'): void {
    const problem = entry.failure?.message ?? null;
    const { networkId } = entry.wish;
    if (this.place.reporter.network({ networkId, state, problem }, entry.repeat)) entry.repeat = false;
  }
}
