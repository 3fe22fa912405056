import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const Line = z.union([
  z.object({ route: z.string() }),
  z.object({ started: z.array(z.string()) }),
  z.object({ polluted: z.string() }),
  z.object({ stall: z.object({ at: z.number(), ms: z.number(), computed: z.number() }) }),
]);

/** A moment in which the server's only thread was busy: `computed` is what it did itself, `ms` how long it took. */
export type Stall = Readonly<{ at: number; ms: number; computed: number }>;

/** What the witness inside the server has written down so far. */
export class Testimony {
  constructor(private readonly file: string) {}

  get routes(): readonly string[] {
    return this.#lines.flatMap((it) => ('route' in it ? [it.route] : []));
  }

  /** The programs that were started, each with its words. */
  get started(): readonly (readonly string[])[] {
    return this.#lines.flatMap((it) => ('started' in it ? [it.started] : []));
  }

  /** What somebody has given to every object. */
  get pollution(): readonly string[] {
    return this.#lines.flatMap((it) => ('polluted' in it ? [it.polluted] : []));
  }

  /** Since a time (milliseconds since 1970). */
  stalls(since = 0): readonly Stall[] {
    return this.#lines.flatMap((it) => ('stall' in it && it.stall.at >= since ? [it.stall] : []));
  }

  get #lines() {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => Line.parse(JSON.parse(line)));
  }
}
