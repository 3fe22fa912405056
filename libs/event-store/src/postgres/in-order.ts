type Placed = Readonly<{ position: number }>;

/**
 * Puts events into the order of the log that come in the order in which they lie on the disk, which is nearly the same.
 * Positions have no gaps, so it is known of every event whether one before it is still to come.
 */
export class InOrder<E extends Placed> {
  readonly #early = new Map<number, E>();

  constructor(
    /** The position of the last event that was given out. */
    public position: number,
    /** How many may have come before their turn. */
    private readonly most: number,
  ) {}

  /** Whether so much came before its turn that asking for the rest in order is cheaper. */
  get isLost(): boolean {
    return this.#early.size > this.most;
  }

  /** All whose turn it is now. */
  take(events: readonly E[]): readonly E[] {
    const [first] = events;
    const last = events.at(-1);
    // Most pages are in order as they come.
    const follows = first?.position === this.position + 1 && last?.position === this.position + events.length;
    if (last && follows && this.#early.size === 0 && isAscending(events)) {
      this.position = last.position;
      return events;
    }
    for (const event of events) this.#early.set(event.position, event);
    const due: E[] = [];
    for (let next = this.#early.get(this.position + 1); next; next = this.#early.get(this.position + 1)) {
      this.#early.delete(++this.position);
      due.push(next);
    }
    return due;
  }
}

const isAscending = (events: readonly Placed[]) =>
  events.every(({ position }, index) => index === 0 || position === (events[index - 1]?.position ?? 0) + 1);
