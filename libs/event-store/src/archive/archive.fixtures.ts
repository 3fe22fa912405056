import { v4 } from 'uuid';
import type { MemoryEventStore } from '../memory/memory-event-store.js';
import { signed } from '../proof/checkpoint.js';
import { SigningKey } from '../proof/signing-key.js';
import { by } from '../testing/index.js';
import type { ExportedLog } from './export-logs.js';
import { linesOf } from './lines-of.js';

export const at = '2026-11-25T08:00:00.000Z';
export const key = SigningKey.generate();
export const keys = [{ id: key.id, pem: key.publicPem }];

/** Two events for each of so many commands, of two tenants in turn. */
export const write = async ({ log }: MemoryEventStore, from: number, to: number): Promise<void> => {
  for (let n = from; n < to; n++) {
    const tenant = n % 2 ? 'ten_b' : 'ten_a';
    const events = ['begun', 'done'].map((text) => ({ type: 'Noted', data: { text: `${text} ${n}`, ünï: '🏠\n' } }));
    await log.append({ stream: `${tenant}/note-${n}`, expectedVersion: 0, events, meta: by(v4(), tenant) });
  }
};

/** A log that is read out of its own store, with its end signed. */
export const exported = async (store: MemoryEventStore, name = 'notes', tenant: string | null = null) => {
  const { position, hash } = await store.ledger.head();
  if (position > 0) await store.ledger.keep(signed(name, { position, hash, at }, key));
  return {
    name,
    position,
    lines: (after, upTo) => linesOf(store.ledger, { after, upTo, tenant }),
    checkpoint: async (upTo) => (await store.ledger.lastCheckpoint(upTo)) ?? null,
  } satisfies ExportedLog;
};
