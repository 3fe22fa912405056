import type { AppendGroup, EventLog, Recorded } from '@strata/event-store';
import { v7 } from 'uuid';
import { nameOf } from './recording.js';

/** Ids, names and times: what tells one life from another. Everything else is what the rules said. */
const CHANGES = /\b((?:inst|op|req|vol)_[0-9a-z]{26})\b|\bbench-(\d{6})\b|\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\b/;
const PARTS = new RegExp(CHANGES, 'g');

type Told = Readonly<{ stream: string; type: string; data: object; meta: Recorded['meta']; at: string }>;
type Part = (copy: number) => string;

/** What a copy of a recording is made with: the next is so many names and milliseconds further on. */
export type Stride = Readonly<{ names: number; ms: number }>;

/** An event that can be told again, of others and at another time. */
class Pattern {
  readonly #parts: readonly Part[];

  constructor(
    readonly schemaVersion: number,
    { stream, type, data, meta, at }: Recorded,
    stride: Stride,
  ) {
    const text = JSON.stringify({ stream, type, data, meta, at } satisfies Told);
    const parts: Part[] = [];
    let from = 0;
    for (const found of text.matchAll(PARTS)) {
      const fixed = text.slice(from, found.index);
      parts.push(() => fixed, partOf(found, stride));
      from = found.index + found[0].length;
    }
    const rest = text.slice(from);
    this.#parts = [...parts, () => rest];
  }

  told(copy: number): Told {
    return JSON.parse(this.#parts.map((part) => part(copy)).join('')) as Told; // Written by the constructor.
  }
}

const partOf = ([whole, id, name, time]: RegExpMatchArray, { names, ms }: Stride): Part => {
  // The last characters of an id are random: these are given to the copy.
  if (id !== undefined)
    return (copy) =>
      id.slice(0, -6) +
      copy
        .toString(32)
        .replaceAll(/[ilou]/g, letterFor)
        .padStart(6, '0');
  if (name !== undefined) return (copy) => nameOf(Number(name) + copy * names);
  if (time !== undefined) return (copy) => new Date(Date.parse(time) + copy * ms).toISOString();
  return () => whole;
};

/** The alphabet of our ids leaves out what looks like something else. */
const letterFor = (letter: string) => ({ i: 'w', l: 'x', o: 'y', u: 'z' })[letter] ?? letter;

/** So many copies go to the log together: the events of a stream that all of them share are then one group. */
const TOGETHER = 8;

/** Appends copies of what was recorded, each with ids, names and times of its own. Answers how many events that were. */
export class Copies {
  readonly #versions = new Map<string, number>();

  constructor(private readonly log: EventLog) {}

  /** As it was, once. */
  async tell(events: readonly Recorded[]): Promise<number> {
    return this.repeat(events, 1, { names: 0, ms: 0 });
  }

  async repeat(
    events: readonly Recorded[],
    copies: number,
    stride: Stride,
    tell: (events: number) => void = () => {},
  ): Promise<number> {
    const patterns = events.map((event) => new Pattern(event.schemaVersion, event, stride));
    let stored = 0;
    for (let first = 0; first < copies; first += TOGETHER) {
      const groups = new Map<string, Mutable<AppendGroup>>();
      for (let copy = first; copy < Math.min(copies, first + TOGETHER); copy++) this.#add(groups, patterns, copy);
      for (const { outcome } of (await Promise.all([...groups.values()].map((it) => this.log.appendAll(it)))).flat()) {
        if (outcome !== 'appended') throw new Error(`a copy of a history came to a ${outcome}`);
      }
      stored += patterns.length * (Math.min(copies, first + TOGETHER) - first);
      tell(stored);
    }
    return stored;
  }

  /** Commands as they were: what one of them came to stays together. */
  #add(groups: Map<string, Mutable<AppendGroup>>, patterns: readonly Pattern[], copy: number) {
    const last = new Map<string, Readonly<{ was: string; events: object[] }>>();
    for (const pattern of patterns) {
      const { stream, type, data, meta, at } = pattern.told(copy);
      const event = { type, data, schemaVersion: pattern.schemaVersion };
      const version = this.#versions.get(stream) ?? 0;
      this.#versions.set(stream, version + 1);
      let group = groups.get(stream);
      if (!group) groups.set(stream, (group = { stream, expectedVersion: version, commands: [] }));
      const before = last.get(stream);
      if (before?.was === meta.commandId) {
        before.events.push(event);
        continue;
      }
      const events = [event];
      last.set(stream, { was: meta.commandId, events });
      group.commands.push({ events, meta: { ...meta, commandId: v7(), at } });
    }
  }
}

type Mutable<Group extends AppendGroup> = Omit<Group, 'commands'> & { commands: AppendGroup['commands'][number][] };
