/** Leaves: whoever waits is let in. */
export type Leave = () => void;
/** `share`: the tenant has asked for more than its share. `full`: everybody together has. `late`: it has waited long enough. */
export type TurnedAway = 'share' | 'full' | 'late';

type Waiting = Readonly<{ begin: () => void }>;

export type Places = Readonly<{
  /** How many requests are worked on at a time. */
  working: number;
  /** How many may wait for that, of all tenants together. */
  waiting: number;
  /** For how many milliseconds one may wait: who asks has a patience too. */
  patienceMs: number;
}>;

const PLACES: Places = { working: 64, waiting: 512, patienceMs: 5_000 };

/**
 * Bounds the work in hand, so that a server that is asked for more than it can do goes on doing what it can. A request is
 * worked on, or waits for its turn, or is turned away at once, which costs next to nothing.
 *
 * Turns go round the tenants that wait, however many requests each has waiting. And however much one asks for, there is
 * room to wait for one more tenant: each may have as many requests waiting as would leave the same for all that wait and for
 * one who comes next.
 */
export class Admission {
  #working = 0;
  #waiting = 0;
  /** In the order in which it is their turn. */
  readonly #queues = new Map<string, Waiting[]>();

  constructor(private readonly places: Places = PLACES) {}

  /** Whether whoever comes now has to wait, or to go. */
  get isBusy(): boolean {
    return this.#working >= this.places.working;
  }

  get working(): number {
    return this.#working;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Why a request would be turned away if it came now; nothing when it would not. */
  obstacleFor(tenantId: string): TurnedAway | undefined {
    if (this.#working < this.places.working) return undefined;
    if (this.#waiting >= this.places.waiting) return 'full';
    const own = this.#queues.get(tenantId)?.length ?? 0;
    const tenants = this.#queues.size + (own > 0 ? 0 : 1);
    return own > 0 && own >= this.places.waiting / (tenants + 1) ? 'share' : undefined;
  }

  /** Resolves at once, or when it is the request's turn. */
  async enter(tenantId: string): Promise<Leave | TurnedAway> {
    const obstacle = this.obstacleFor(tenantId);
    if (obstacle) return obstacle;
    if (this.#working < this.places.working) {
      this.#working += 1;
      return this.#leave();
    }
    const queue = this.#queues.get(tenantId) ?? [];
    this.#waiting += 1;
    this.#queues.set(tenantId, queue);
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#remove(tenantId, waiting);
        resolve('late');
      }, this.places.patienceMs);
      const begin = () => {
        clearTimeout(late);
        resolve(this.#leave());
      };
      const waiting = { begin };
      queue.push(waiting);
    });
  }

  /** Once, however often it is called. */
  #leave(): Leave {
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      const next = this.#next();
      if (next) next.begin();
      else this.#working -= 1;
    };
  }

  #next(): Waiting | undefined {
    const [first] = this.#queues;
    if (first === undefined) return undefined;
    const [tenantId, queue] = first;
    const next = queue[0];
    if (next) this.#remove(tenantId, next);
    // The next turn is another tenant's.
    this.#queues.delete(tenantId);
    if (queue.length > 0) this.#queues.set(tenantId, queue);
    return next;
  }

  #remove(tenantId: string, waiting: Waiting): void {
    const queue = this.#queues.get(tenantId) ?? [];
    queue.splice(queue.indexOf(waiting), 1);
    this.#waiting -= 1;
    if (queue.length === 0) this.#queues.delete(tenantId);
  }
}
