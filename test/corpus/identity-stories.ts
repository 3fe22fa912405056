import { Test } from '@nestjs/testing';
import { ManualClock, MemoryEventStore } from '@strata/event-store';
import type { EventLog, EventStore } from '@strata/event-store';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IdentityModule } from '../../apps/identity/src/identity.module.js';

/** Stories in which every event of identity happens, with everything that an event can say. */
export const tellIdentityStories = async (
  log: EventLog,
  store: () => EventStore = () => new MemoryEventStore(log),
): Promise<void> => {
  const home = await mkdtemp(join(tmpdir(), 'strata-corpus-'));
  const handOut = async () => {
    const module = await Test.createTestingModule({
      imports: [IdentityModule.on({ store: store(), clock: new ManualClock() })],
    }).compile();
    await module.get(IdentityModule).handOutCredentials({ home, apiUrl: 'http://127.0.0.1:7070' });
    await module.close();
  };
  try {
    await handOut();
    // The file of the first administrator is lost: its key is revoked, and another one takes its place.
    await rm(join(home, 'credentials.json'));
    await handOut();
  } finally {
    await rm(home, { recursive: true });
  }
};
