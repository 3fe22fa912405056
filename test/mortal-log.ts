import { EventLog } from '@strata/event-store';
import type { AppendGroup, Appended, EventFilter } from '@strata/event-store';

class Killed extends Error {}

/**
 * A log whose process dies at its `n`th append: before the events are stored, or after, when only the answer is lost. From
 * then on nothing gets through in either direction, as after kill -9.
 */
export class MortalLog extends EventLog {
  appends = 0;
  #dead = false;
  #bells: (() => void)[] = [];

  constructor(
    private readonly log: EventLog,
    private readonly dies?: Readonly<{ at: number; when: 'before' | 'after' }>,
    private readonly onDeath: () => void = () => {},
  ) {
    super();
  }

  get isDead(): boolean {
    return this.#dead;
  }

  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const silence of this.#bells) silence();
    this.onDeath();
  }

  override async appendAll(group: AppendGroup): Promise<readonly Appended[]> {
    this.#live();
    const isLast = ++this.appends === this.dies?.at;
    if (isLast && this.dies?.when === 'before') this.kill();
    this.#live();
    const answers = await this.log.appendAll(group);
    if (isLast) this.kill();
    this.#live();
    return answers;
  }

  override readStream = (stream: string, after?: number, limit?: number) =>
    this.#through(() => this.log.readStream(stream, after, limit));
  override read = (after: number, limit: number, filter?: EventFilter) =>
    this.#through(() => this.log.read(after, limit, filter));
  override recall = (stream: string, ids: readonly string[]) => this.#through(() => this.log.recall(stream, ids));
  override head = () => this.#through(() => this.log.head());
  override positionAt = (time: string) => this.#through(() => this.log.positionAt(time));
  override readAll = (after: number, upTo?: number) => this.log.readAll(after, upTo);
  override scan = (after: number, until: number, filter?: EventFilter) => this.log.scan(after, until, filter);
  override readAt = (positions: readonly number[], tenantId?: string) =>
    this.#through(() => this.log.readAt(positions, tenantId));

  override get known(): number {
    return this.log.known;
  }

  override onAppend(listener: () => void): () => void {
    const silence = this.log.onAppend(listener);
    this.#bells.push(silence);
    return silence;
  }

  override async close(): Promise<void> {
    // The log itself outlives the process that wrote it.
  }

  async #through<T>(call: () => Promise<T>): Promise<T> {
    this.#live();
    const answer = await call();
    this.#live();
    return answer;
  }

  #live(): void {
    if (this.#dead) throw new Killed('this process was killed');
  }
}
