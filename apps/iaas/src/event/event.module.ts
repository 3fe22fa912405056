import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Role } from '@strata/contracts';
import { EventLog } from '@strata/event-store';
import type { Clock, EventStore } from '@strata/event-store';
import { Moments } from '@strata/http';
import { EventHttp } from './event.http.js';
import { trailView } from './trail.view.js';
import { Trails } from './trails.view.js';
import { SOURCE } from './event.published.js';
import { Reasons } from './reasons.service.js';
import { WhyView } from './why.view.js';

/** The log of another service, where causes are looked for too, and the role that it takes to be told of them. */
export type OtherLog = Readonly<{ source: string; store: EventStore; access: Role }>;

type Ground = Readonly<{ store: EventStore; clock: Clock; others?: readonly OtherLog[] }>;

/** What happened, and why: lists, live streams and trees of causes over this service's log. */
@Module({})
export class EventModule {
  static on({ store, clock, others = [] }: Ground): DynamicModule {
    const reasons = async (trails: Trails) => {
      const witness = (of: Trails, source: string, moments: Moments, access: Role) => ({
        why: new WhyView(of, source),
        moments,
        access,
      });
      return new Reasons(
        witness(trails, SOURCE, new Moments(store, clock), 'viewer'),
        await Promise.all(
          others.map(async (it) => {
            const theirs = new Trails(it.store.log, await it.store.view(trailView));
            return witness(theirs, it.source, new Moments(it.store, clock), it.access);
          }),
        ),
      );
    };
    return {
      module: EventModule,
      controllers: [EventHttp],
      providers: [
        { provide: EventLog, useValue: store.log },
        { provide: Moments, useValue: new Moments(store, clock) },
        { provide: Trails, useFactory: async () => new Trails(store.log, await store.view(trailView)) },
        { provide: Reasons, useFactory: reasons, inject: [Trails] },
      ],
    };
  }
}
