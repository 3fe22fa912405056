import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Ask, Asker } from './asker.js';
import type { TraceEvent } from './azure-trace.js';
import type { Ledger } from './ledger.js';

export type Play = Readonly<{
  asker: Asker;
  ledger: Ledger;
  /** How many requests are under way at a time. */
  concurrency: number;
  /** After so many milliseconds nothing new is asked, and what is not answered by then counts as not acknowledged. */
  withinMs: number;
}>;

/** So long after the server has said that it cannot, or has said nothing. */
const PAUSE_MS = 50;
const BUSY = 409;

/** The key of a machine's creation is its id in the trace. Every other asker chooses the id of the instance as well. */
const createOf = ({ index, vcpus, memoryMiB }: TraceEvent): Ask & { key: string } => ({
  method: 'POST',
  path: '/v1/instances',
  body: {
    ...(choosesId(index) && { id: idOf(index) }),
    ...{ name: nameOf(index), image: 'tiny', vcpus, memoryMiB, diskGiB: 1 },
  },
  key: `${nameOf(index)}-c`,
});

/** Tries count from 1: a refusal is kept with its key, so whoever was refused asks again with another. */
const deleteOf = ({ index }: TraceEvent, tries: number): Ask & { key: string } => ({
  method: 'DELETE',
  path: `/v1/instances/${choosesId(index) ? idOf(index) : nameOf(index)}`,
  key: tries === 1 ? `${nameOf(index)}-d` : `${nameOf(index)}-d${tries}`,
});

const choosesId = (index: number) => index % 2 === 0;
const nameOf = (index: number) => `az1-${String(index).padStart(7, '0')}`;
const idOf = (index: number) => `inst_az1${String(index).padStart(23, '0')}`;

/**
 * Plays events of a trace against a server, as fast as it accepts them and in their order, and insists: what is not
 * answered, or answered with "not now", is asked again under the same key. A machine is deleted only after its creation was
 * acknowledged; while it is still being made, its deletion waits.
 */
export const play = async (events: readonly TraceEvent[], { asker, ledger, concurrency, withinMs }: Play) => {
  const deadline = performance.now() + withinMs;
  const created = new Map<number, Promise<unknown>>();
  const queue = events.values();

  const insist = async (ask: Ask & { key: string }): Promise<Answer | undefined> => {
    while (performance.now() < deadline) {
      const answer = await asker.ask(ask).catch(() => undefined);
      ledger.count(answer?.status ?? 'none');
      if (answer && answer.status !== 429 && answer.status < 500) {
        ledger.acknowledge(ask, answer);
        return answer;
      }
      ledger.lastRefusal = answer?.text ?? 'nothing';
      if (answer && !isHonest(answer))
        ledger.surprises.push(`${ask.method} ${ask.path}: ${answer.status} ${answer.text}`);
      await pause(PAUSE_MS);
    }
    return undefined;
  };

  const remove = async (event: TraceEvent): Promise<void> => {
    await created.get(event.index);
    for (let tries = 1; ; tries++) {
      const answer = await insist(deleteOf(event, tries));
      if (answer?.status !== BUSY) return;
      await pause(PAUSE_MS * Math.min(tries, 10));
    }
  };

  const worker = async () => {
    for (const event of queue) {
      if (performance.now() > deadline) return;
      if (event.kind === 'delete') await remove(event);
      else {
        const asked = insist(createOf(event));
        created.set(event.index, asked);
        await asked;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
};

/** "Not now" says until when, in a problem document; no other failure is ours to answer. */
export const isHonest = ({ status, headers }: Answer): boolean =>
  [429, 503, 507].includes(status) &&
  headers['retry-after'] !== undefined &&
  String(headers['content-type']).startsWith('application/problem+json');
