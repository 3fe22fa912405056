import { AlreadyMoved, Checkpoints, FencedOff, Transaction } from '../checkpoints.js';
import type { Claim, Move, Parked } from '../checkpoints.js';
import type { Recorded } from '../event.js';

/** Places kept in memory. Changes wait for the end of their transaction, so that a failed effect leaves none behind. */
export class MemoryCheckpoints extends Checkpoints {
  readonly #cursors = new Map<string, Readonly<{ fence: number; position: number }>>();
  readonly #parked = new Map<string, Map<number, Parked>>();

  override async transaction<T>(work: (tx: Transaction) => Promise<T>) {
    const tx = new Transaction();
    const result = await work(tx);
    tx.committed();
    return result;
  }

  override async claim(name: string, start: number) {
    const { fence, position } = this.#cursors.get(name) ?? { fence: 0, position: start };
    const claim = { name, fence: fence + 1, position };
    this.#cursors.set(name, claim);
    return claim;
  }

  override async move(tx: Transaction, { name, fence }: Claim, { from, to }: Move) {
    const cursor = this.#cursors.get(name);
    if (cursor?.fence !== fence) throw new FencedOff(name);
    if (cursor.position !== from) throw new AlreadyMoved(name, cursor.position);
    tx.afterCommit(() => this.#cursors.set(name, { fence, position: to }));
  }

  override async park(tx: Transaction, name: string, events: readonly Recorded[], error: string) {
    tx.afterCommit(() => {
      const parked = this.#parked.get(name) ?? new Map<number, Parked>();
      this.#parked.set(name, parked);
      for (const { stream, position } of events) {
        parked.set(position, { stream, position, error, tries: (parked.get(position)?.tries ?? 0) + 1 });
      }
    });
  }

  override async unpark(tx: Transaction, name: string, positions: readonly number[]) {
    tx.afterCommit(() => {
      for (const position of positions) this.#parked.get(name)?.delete(position);
    });
  }

  override async parked(name: string) {
    return [...(this.#parked.get(name)?.values() ?? [])].toSorted((a, b) => a.position - b.position);
  }
}
