import { Controller } from '@nestjs/common';
import { logs } from '@strata/contracts';
import { linesOf } from '@strata/event-store';
import type { ProvenLog, Verified } from '@strata/event-store';
import { Asked, EventStream, Implement, LineStream, problem } from '@strata/http';
import type { ServerSentEvent } from '@strata/http';
import { Logs } from './ports.js';

/** How often progress is told, in milliseconds. */
const EVERY = 250;

@Controller()
export class LogHttp {
  constructor(private readonly logs: Logs) {}

  @Implement(logs.status)
  async status(@Asked(logs.status) _: Asked<typeof logs.status>) {
    const all = this.logs.all();
    const keys = new Map(all.flatMap((log) => log.keys.all()).map(({ id, pem }) => [id, { id, publicKey: pem }]));
    return { logs: await Promise.all(all.map(shownLog)), keys: [...keys.values()] };
  }

  @Implement(logs.verify)
  async verify(@Asked(logs.verify) { query, header }: Asked<typeof logs.verify>) {
    const chosen = query.log === undefined ? this.logs.all() : [this.#find(query.log)];
    if (header('accept')?.includes('text/event-stream')) return new EventStream((signal) => told(chosen, signal));
    const reports: Verified[] = [];
    for (const log of chosen) {
      for await (const step of log.verify()) if ('verified' in step) reports.push(step.verified);
    }
    return { logs: reports };
  }

  @Implement(logs.checkpoint)
  async checkpoint(@Asked(logs.checkpoint) { params, query }: Asked<typeof logs.checkpoint>) {
    const { ledger } = this.#find(params.id).store;
    return { checkpoint: (await ledger.lastCheckpoint(query.upTo)) ?? null };
  }

  @Implement(logs.lines)
  lines(@Asked(logs.lines) { params, query }: Asked<typeof logs.lines>) {
    const { ledger } = this.#find(params.id).store;
    const { after, upTo, tenant = null } = query;
    return new LineStream(() => linesOf(ledger, { after, upTo, tenant }));
  }

  #find(name: string): ProvenLog {
    const found = this.logs.all().find((log) => log.name === name);
    if (!found) throw problem('log.not-found', `there is no log "${name}"`);
    return found;
  }
}

const shownLog = async (log: ProvenLog) => {
  const checkpoint = (await log.sign()) ?? null;
  const { store, name } = log;
  // Signed before it is asked: so the position is at or behind that of the checkpoint.
  const position = await store.log.head();
  return { name, position, checkpoint, views: store.views, damage: store.damage.sentence ?? null };
};

/** How far it is, now and then, and what came of each log. */
async function* told(chosen: readonly ProvenLog[], signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  let last = Number.NEGATIVE_INFINITY;
  let id = 0;
  for (const log of chosen) {
    for await (const step of log.verify()) {
      if (signal.aborted) return;
      if ('verified' in step) yield { id: String(++id), event: 'done', data: step.verified };
      else if (performance.now() - last > EVERY) {
        last = performance.now();
        yield { id: String(++id), event: 'progress', data: step.progress };
      }
    }
  }
}
