import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { EventLog } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { EventHttp } from './event.http.js';
import { trailView } from './trail.view.js';
import { Trails } from './trails.view.js';

/** What happened, and why: lists, live streams and trees of causes over this service's log. */
@Module({})
export class EventModule {
  static on({ store }: Readonly<{ store: EventStore }>): DynamicModule {
    return {
      module: EventModule,
      controllers: [EventHttp],
      providers: [
        { provide: EventLog, useValue: store.log },
        { provide: Trails, useFactory: async () => new Trails(store.log, await store.view(trailView)) },
      ],
    };
  }
}
