/** Something folded up to a position, and how much memory it takes: rows, or events where nobody counts rows. */
export type Folded<T> = Readonly<{ value: T; position: number; weight: number }>;

type Fold<T> = (earlier: Folded<T> | undefined) => Promise<Folded<T>>;
type Kept = Folded<unknown> & Readonly<{ what: string }>;

/** So much is kept in all; what weighs more than that alone is kept until something else is asked for. */
const MOST = 250_000;
/** What even an empty state weighs. */
const LEAST = 100;
/** Each fold under way holds a state of its own. */
const AT_ONCE = 2;
/** Nobody looks back for so long: then memory is for something else. In milliseconds. */
const REST = 5 * 60_000;

/**
 * States of the past. They are folded from the log when somebody asks and stored nowhere; those that were asked for last
 * are kept in memory, so that the pages of one listing are one fold, and a later instant is folded on from an earlier one.
 */
export class Past {
  /** In the order of their last use. */
  readonly #kept = new Map<string, Kept>();
  readonly #underWay = new Map<string, Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #weight = 0;
  #running = 0;
  #rest: NodeJS.Timeout | undefined;

  constructor(
    private readonly most = MOST,
    private readonly restMs = REST,
  ) {}

  /** How much is kept. */
  get weight(): number {
    return this.#weight;
  }

  /** @param fold begins from nothing, or goes on from an earlier state without changing it */
  async at<T>(what: string, position: number, fold: Fold<T>): Promise<T> {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#forget(), this.restMs).unref();
    const name = nameOf({ what, position });
    const kept = this.#kept.get(name);
    if (kept) {
      this.#kept.delete(name);
      this.#kept.set(name, kept);
      return kept.value as T; // What lies under a name was folded by those who use that name.
    }
    const underWay = this.#underWay.get(name);
    if (underWay) return underWay as Promise<T>; // as above
    const folding = this.#inTurn(() => this.#fold(what, position, fold)).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, folding);
    return folding;
  }

  async #fold<T>(what: string, position: number, fold: Fold<T>): Promise<T> {
    const folded = { ...(await fold(this.#before<T>(what, position))), what, position };
    const weight = folded.weight + LEAST;
    this.#kept.set(nameOf(folded), { ...folded, weight });
    this.#weight += weight;
    for (const [name, oldest] of this.#kept) {
      if (this.#weight <= this.most || this.#kept.size === 1) break;
      this.#kept.delete(name);
      this.#weight -= oldest.weight;
    }
    return folded.value;
  }

  #forget() {
    this.#kept.clear();
    this.#weight = 0;
  }

  /** The latest of the earlier ones. */
  #before<T>(what: string, position: number): Folded<T> | undefined {
    let best: Kept | undefined;
    for (const it of this.#kept.values()) {
      if (it.what === what && it.position <= position && it.position > (best?.position ?? -1)) best = it;
    }
    return best as Folded<T> | undefined; // as above
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}

const nameOf = ({ what, position }: Readonly<{ what: string; position: number }>) => `${what} at ${position}`;
