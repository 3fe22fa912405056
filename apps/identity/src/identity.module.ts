import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Aggregates, Clock, EventStore } from '@strata/event-store';
import { Moments, Principals } from '@strata/http';
import { Sealing } from '@strata/sealing';
import { Aftermath } from './aftermath.service.js';
import { Commands } from './commands.service.js';
import { FirstAdministrator } from './first-administrator.js';
import type { Place } from './first-administrator.js';
import { history } from './history.js';
import { KeyHttp } from './key/key.http.js';
import { KeyRing } from './key/key-ring.view.js';
import { Keys } from './key/keys.service.js';
import { Attempts } from './login/attempts.service.js';
import { LoginHttp } from './login/login.http.js';
import { Occupancy } from './occupancy.js';
import { Passwords } from './passwords.js';
import { TenantHttp } from './tenant/tenant.http.js';
import { NewUsers } from './user/new-users.service.js';
import { People } from './user/people.service.js';
import { UserHttp } from './user/user.http.js';
import { Users } from './user/users.service.js';
import { Views } from './views.js';

export { Occupancy, history };

/** What the service stands on. `store` is identity's own; whoever opened it closes it. */
type Ground = Readonly<{ store: EventStore; clock: Clock; sealing: Sealing; occupancy: Occupancy }>;

/** Tenants, people and keys: who is asking. Gives `Principals` to whoever imports it. */
@Module({})
export class IdentityModule implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  static on({ store, clock, sealing, occupancy }: Ground): DynamicModule {
    const openRing = async () => {
      const ring = new KeyRing(store.log, clock);
      await ring.open();
      return ring;
    };
    return {
      module: IdentityModule,
      controllers: [TenantHttp, UserHttp, KeyHttp, LoginHttp],
      providers: [
        { provide: EventStore, useValue: store },
        { provide: Aggregates, useValue: store.aggregates },
        { provide: Clock, useValue: clock },
        { provide: Moments, useValue: new Moments(store, clock) },
        { provide: Sealing, useValue: sealing },
        { provide: Occupancy, useValue: occupancy },
        { provide: KeyRing, useFactory: openRing },
        { provide: Principals, useExisting: KeyRing },
        { provide: Views, useFactory: () => Views.start(store) },
        { provide: Passwords, useFactory: () => new Passwords() },
        Commands,
        People,
        Users,
        NewUsers,
        Keys,
        Attempts,
        Aftermath,
        FirstAdministrator,
      ],
      exports: [Principals],
    };
  }

  constructor(
    private readonly ring: KeyRing,
    private readonly administrator: FirstAdministrator,
    private readonly aftermath: Aftermath,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.aftermath.start();
  }

  /** Sees to it that the administrator of this cloud finds a good key in `<home>/credentials.json`; returns its path. */
  handOutCredentials(place: Place): Promise<string> {
    return this.administrator.handOut(place);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.aftermath.stop();
  }

  onApplicationShutdown(): void {
    this.ring.close();
  }
}
