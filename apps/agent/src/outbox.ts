/** What every sight has: its generation says which of two is newer. */
type Sight = Readonly<{ generation: number }>;

/**
 * Sights of one kind that wait to be reported: the newest of each thing. A sight that says what the last one said is not
 * offered again, unless it is asked for.
 */
export class Outbox<S extends Sight> {
  readonly #waiting = new Map<string, S>();
  readonly #said = new Map<string, string>();

  constructor(
    private readonly idOf: (sight: S) => string,
    /** What of a sight is news. */
    private readonly newsIn: (sight: S) => object,
    /** The newer of two sights, with what must not be lost of the older one. */
    private readonly merge: (older: S, newer: S) => S = (_, newer) => newer,
  ) {}

  /** Answers whether the sight was taken. */
  offer(sight: S, repeat: boolean): boolean {
    const id = this.idOf(sight);
    const news = JSON.stringify(this.newsIn(sight));
    if (!repeat && this.#said.get(id) === news) return false;
    this.#said.set(id, news);
    const older = this.#waiting.get(id);
    this.#waiting.set(id, older ? this.merge(older, sight) : sight);
    return true;
  }

  take(): readonly S[] {
    const sights = [...this.#waiting.values()];
    this.#waiting.clear();
    return sights;
  }

  /** Back with what could not be delivered; newer sights stay in front. */
  putBack(sights: readonly S[]): void {
    for (const sight of sights) {
      const newer = this.#waiting.get(this.idOf(sight));
      this.#waiting.set(this.idOf(sight), newer ? this.merge(sight, newer) : sight);
    }
  }

  /** From now on every sight of this thing is news. */
  forget(id: string): void {
    this.#said.delete(id);
  }
}
