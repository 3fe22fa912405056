import { Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import type { Clock, EventStore } from '@strata/event-store';
import { Principals } from '@strata/http';
import { FirstAdministrator } from './first-administrator.js';
import type { Place } from './first-administrator.js';
import { history } from './history.js';
import { KeyRing } from './key/key-ring.view.js';

export { history };

/** Tenants, people and keys: who is asking. Gives `Principals` to whoever imports it. */
@Module({})
export class IdentityModule implements OnApplicationShutdown {
  /** `store` is identity's own; whoever opened it closes it. */
  static on({ store, clock }: Readonly<{ store: EventStore; clock: Clock }>): DynamicModule {
    const openRing = async () => {
      const ring = new KeyRing(store.log);
      await ring.open();
      return ring;
    };
    return {
      module: IdentityModule,
      providers: [
        { provide: KeyRing, useFactory: openRing },
        { provide: Principals, useExisting: KeyRing },
        {
          provide: FirstAdministrator,
          useFactory: (ring: KeyRing) => new FirstAdministrator(store.aggregates, ring, clock),
          inject: [KeyRing],
        },
      ],
      exports: [Principals],
    };
  }

  constructor(
    private readonly ring: KeyRing,
    private readonly administrator: FirstAdministrator,
  ) {}

  /** Sees to it that the administrator of this cloud finds a good key in `<home>/credentials.json`; returns its path. */
  handOutCredentials(place: Place): Promise<string> {
    return this.administrator.handOut(place);
  }

  onApplicationShutdown(): void {
    this.ring.close();
  }
}
