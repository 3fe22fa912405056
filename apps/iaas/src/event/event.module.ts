import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { EventLog } from '@strata/event-store';
import type { Clock, EventStore } from '@strata/event-store';
import { Moments } from '@strata/http';
import { EventHttp } from './event.http.js';
import { trailView } from './trail.view.js';
import { Trails } from './trails.view.js';
import { WhyView } from './why.view.js';

/** What happened, and why: lists, live streams and trees of causes over this service's log. */
@Module({})
export class EventModule {
  static on({ store, clock }: Readonly<{ store: EventStore; clock: Clock }>): DynamicModule {
    return {
      module: EventModule,
      controllers: [EventHttp],
      providers: [
        { provide: EventLog, useValue: store.log },
        { provide: Moments, useValue: new Moments(store, clock) },
        { provide: Trails, useFactory: async () => new Trails(store.log, await store.view(trailView)) },
        { provide: WhyView, useFactory: (trails: Trails) => new WhyView(trails), inject: [Trails] },
      ],
    };
  }
}
