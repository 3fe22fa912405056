import { Versions } from '@strata/event-sourcing';
import type { History } from '@strata/event-sourcing';
import { SystemClock } from '../clock.js';
import type { Clock } from '../clock.js';
import { Doorbell } from '../doorbell.js';
import { passes } from '../event-filter.js';
import { LANE, draftOf, laterOf, recordsOf } from '../draft.js';
import type { Draft } from '../draft.js';
import { EventLog } from '../event-log.js';
import type { AppendGroup, Appended, EventFilter, Origin, Recorded, Stored } from '../event.js';
import { parsed } from '../json.js';
import type { Entry } from '../proof/ledger.js';
import { MemoryLedger } from './memory-ledger.js';

const PAGE = 5_000;

/** The log without a database: the same promises, kept for as long as the process lives. */
export class MemoryEventLog extends EventLog {
  readonly #events: Recorded[] = [];
  readonly #streams = new Map<string, Recorded[]>();
  readonly #commands = new Map<string, Stored>();
  readonly #doorbell = new Doorbell();
  readonly #versions: Versions;
  /** What proves the events, for a store that stands on this log. */
  readonly ledger = new MemoryLedger((entries) => this.#restore(entries));

  constructor(
    private readonly clock: Clock = new SystemClock(),
    history?: History,
  ) {
    super();
    this.#versions = new Versions(history);
  }

  override async appendAll(group: AppendGroup): Promise<readonly Appended[]> {
    const draft = draftOf(group, this.#versions);
    const { stream, commands } = draft;
    const { version, commands: known } = this.#recall(
      stream,
      commands.map(({ id }) => id),
    );
    if (known.size > 0 || version !== draft.expectedVersion) {
      return commands.map(({ id }): Appended => {
        const stored = known.get(id);
        return stored ? { outcome: 'repeated', ...stored } : { outcome: 'conflict', version };
      });
    }

    let last = version;
    const place = { position: this.#events.length, recordedAt: this.#now() };
    this.#tellLedger(draft, place);
    const appended = recordsOf(draft, place, this.#versions).map((events, index): Appended => {
      last += events.length;
      this.#store(stream, events);
      if (events.length > 0) this.#commands.set(`${commands[index]?.id} ${stream}`, { version: last, events });
      return { outcome: 'appended', version: last, events };
    });
    this.#doorbell.ring();
    return appended;
  }

  override async readStream(stream: string, after = 0, limit = Infinity) {
    return (this.#streams.get(stream) ?? []).slice(after, after + limit);
  }

  override async read(after: number, limit: number, filter?: EventFilter) {
    if (filter === undefined) return this.#events.slice(after, after + limit);
    const isWanted = passes(filter);
    const found: Recorded[] = [];
    for (let at = after; at < this.#events.length && found.length < limit; at++) {
      const event = this.#events[at];
      if (event && isWanted(event)) found.push(event);
    }
    return found;
  }

  override async *readAll(after: number, upTo = Infinity) {
    const head = Math.min(this.#events.length, upTo);
    for (let at = after; at < head; at += PAGE) yield this.#events.slice(at, Math.min(at + PAGE, head));
  }

  override async *scan(after: number, until: number, filter: EventFilter = {}) {
    const isWanted = passes(filter);
    const end = Math.min(until, this.#events.length);
    for (let at = after; at < end; at += PAGE) {
      yield this.#events.slice(at, Math.min(at + PAGE, end)).filter(isWanted);
    }
  }

  override async readAt(positions: readonly number[], tenantId?: string) {
    const isWanted = passes(tenantId === undefined ? {} : { tenantId });
    return [...new Set(positions)]
      .toSorted((a, b) => a - b)
      .flatMap((position) => this.#events[position - 1] ?? [])
      .filter(isWanted);
  }

  override async recall(stream: string, commandIds: readonly string[]) {
    return this.#recall(stream, commandIds);
  }

  override async head() {
    return this.#events.length;
  }

  override get known() {
    return this.#events.length;
  }

  override async positionAt(time: string) {
    const at = new Date(time).toISOString();
    return this.#events.findLast((event) => event.recordedAt <= at)?.position ?? 0;
  }

  override onAppend(listener: () => void) {
    return this.#doorbell.listen(listener);
  }

  override async close() {}

  #now() {
    return laterOf(this.#events.at(-1)?.recordedAt ?? '', this.clock.now());
  }

  #recall(stream: string, commandIds: readonly string[]) {
    const commands = new Map<string, Stored>();
    for (const id of commandIds) {
      const stored = this.#commands.get(`${id} ${stream}`);
      if (stored) commands.set(id, stored);
    }
    return { version: this.#streams.get(stream)?.length ?? 0, commands };
  }

  /** The events as they are written, which is not always as they are read. */
  #tellLedger(
    { stream, expectedVersion, commands }: Draft,
    { position: before, recordedAt }: Readonly<{ position: number; recordedAt: string }>,
  ) {
    let [position, version] = [before, expectedVersion];
    for (const {
      id: command,
      at,
      origin: meta,
      meta: { tenantId: tenant },
      events,
    } of commands) {
      for (const event of events) {
        const place = { position: ++position, stream, version: ++version };
        this.ledger.add({ ...event, ...place, at, recordedAt, meta, tenant, command });
      }
    }
  }

  #restore(entries: readonly Entry[]) {
    for (const entry of entries) {
      const { position, stream, version, type, schemaVersion, id, at, recordedAt } = entry;
      const event = this.#versions.read<Recorded>({
        ...{ id, stream, version, lane: LANE, position, at, recordedAt, type, schemaVersion },
        ...{ data: parsed<object>(entry.data), meta: parsed<Origin>(entry.meta) },
      });
      this.#store(stream, [event]);
      const key = `${entry.command} ${stream}`;
      const before = this.#commands.get(key)?.events ?? [];
      this.#commands.set(key, { version: event.version, events: [...before, event] });
    }
    this.#doorbell.ring();
  }

  #store(stream: string, events: readonly Recorded[]) {
    const stored = this.#streams.get(stream) ?? [];
    stored.push(...events);
    this.#events.push(...events);
    this.#streams.set(stream, stored);
  }
}
