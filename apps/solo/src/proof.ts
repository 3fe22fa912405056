import { ProvenLog, openHomeKeys } from '@strata/event-store';
import type { Clock, EventStore } from '@strata/event-store';

type Stores = Readonly<Record<string, EventStore>>;

/** Every log of this process, looked over and signed with the key of the home. */
export class Proof {
  /** Resolves when the newest part of each was looked at. */
  static async open(home: string, stores: Stores, clock: Clock): Promise<Proof> {
    const keys = await openHomeKeys(home);
    const logs = Object.entries(stores).map(([name, store]) => ProvenLog.open({ name, store, keys, clock }));
    return new Proof(await Promise.all(logs));
  }

  private constructor(private readonly logs: readonly ProvenLog[]) {}

  all(): readonly ProvenLog[] {
    return this.logs;
  }

  /** Signs the end of each. */
  async close(): Promise<void> {
    await Promise.all(this.logs.map((log) => log.close()));
  }
}
