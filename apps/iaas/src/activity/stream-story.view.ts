import type { EventLog, Recorded } from '@strata/event-store';
import { isOfAspect } from '../undo/undo.js';
import { kindOf } from './changes.view.js';

/** What a thing was before somebody asked something of it, and what that came to. */
export type Told = Readonly<{ before: unknown; after: unknown }>;

const PAGE = 2_000;

/** The events of one stream, gone through once, with the state around those that are asked about. */
export class StreamStory {
  readonly #told = new Map<string, Told>();
  readonly #aspects: Recorded[] = [];

  private constructor(private readonly events: readonly Recorded[]) {}

  /** `events` are those of the stream that are asked about; it is told up to a position, and no further. */
  static async of(
    log: EventLog,
    stream: string,
    events: readonly Recorded[],
    until = Number.MAX_SAFE_INTEGER,
  ): Promise<StreamStory> {
    const story = new StreamStory(events);
    await story.#read(log, stream, until);
    return story;
  }

  told({ id }: Recorded): Told {
    return this.#told.get(id) ?? { before: undefined, after: undefined };
  }

  /** What came after an event and changes what such events change. */
  laterThan({ version }: Recorded): readonly Recorded[] {
    return this.#aspects.filter((it) => it.version > version);
  }

  async #read(log: EventLog, stream: string, until: number): Promise<void> {
    const { initialState, evolve } = kindOf({ stream });
    const byRequest = Map.groupBy(this.events, ({ meta }) => meta.correlationId);
    const asked = new Set(this.events.map(({ id }) => id));
    let state = initialState;
    for (let after = 0; ;) {
      const page = await log.readStream(stream, after, PAGE);
      for (const event of page) {
        if (event.position > until) return;
        const before = state;
        state = evolve(state, event);
        if (asked.has(event.id)) this.#told.set(event.id, { before, after: state });
        // What follows from a request is told with its correlation id: the last word of it is what it came to.
        for (const { id, version } of byRequest.get(event.meta.correlationId) ?? []) {
          const known = this.#told.get(id);
          if (known && event.version >= version) this.#told.set(id, { ...known, after: state });
        }
        if (isOfAspect(event)) this.#aspects.push(event);
        after = event.version;
      }
      if (page.length < PAGE) return;
    }
  }
}
