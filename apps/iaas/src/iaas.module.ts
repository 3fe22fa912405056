import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { PLATFORM } from '@strata/event-sourcing';
import { Aggregates, Clock, EventStore } from '@strata/event-store';
import { Moments } from '@strata/http';
import { ProcessManager } from '@strata/operations';
import { v5 as uuidFrom } from 'uuid';
import { Activities } from './activity/activities.service.js';
import { ActivityHttp } from './activity/activity.http.js';
import { CreateFlavor, builtInFlavors } from './flavor/flavor.js';
import { FlavorHttp } from './flavor/flavor.http.js';
import { HostDoor } from './host/host-door.service.js';
import { HostHttp } from './host/host.http.js';
import { history } from './history.js';
import { buildImage } from './image/build-image.process.js';
import { ImageHttp } from './image/image.http.js';
import { deleteInstance } from './instance/delete-instance.process.js';
import { CreateInstanceHttp } from './instance/create-instance.http.js';
import { ExplainInstanceHttp } from './instance/explain-instance.http.js';
import { InstanceRequests } from './instance/instance-requests.service.js';
import { InstanceSpecs } from './instance/instance-specs.service.js';
import { InstanceHttp } from './instance/instance.http.js';
import { powerProcesses } from './instance/power-instance.process.js';
import { provisionInstance } from './instance/provision-instance.process.js';
import { NetworkHttp } from './network/network.http.js';
import { OperationHttp } from './operation/operation.http.js';
import { Operations } from './operation/operations.service.js';
import { PurgeSweep } from './instance/purge-sweep.service.js';
import { QuotaHttp } from './quota/quota.http.js';
import { ReservationSweep } from './quota/reservation-sweep.service.js';
import { RebuildHttp } from './rebuild/rebuild.http.js';
import { rebuildViews } from './rebuild/rebuild-views.process.js';
import { ReadModels, Rebuilds } from './rebuild/rebuilds.service.js';
import { Commands } from './rules.js';
import { SettingsHttp } from './settings/settings.http.js';
import { Summary } from './summary.js';
import { UndoHttp } from './undo/undo.http.js';
import { Views } from './views.js';
import { VolumeHttp } from './volume/volume.http.js';

export { HostDoor, Summary, history };

/** Every long operation of this service. */
export const processes = [provisionInstance, deleteInstance, buildImage, rebuildViews, ...powerProcesses];

/** What the service stands on. `readModels`: the stores of all services here whose read models it rebuilds when asked to. */
type Ground = Readonly<{ store: EventStore; clock: Clock; readModels?: Readonly<Record<string, EventStore>> }>;

/** Virtual machines: all rules, processes, read models and endpoints of the tier. */
@Module({})
export class IaasModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly manager: ProcessManager,
    private readonly commands: Commands,
    private readonly door: HostDoor,
    private readonly views: Views,
    private readonly clock: Clock,
    private readonly rebuilds: Rebuilds,
  ) {}

  static on({ store, clock, readModels = { iaas: store } }: Ground): DynamicModule {
    return {
      module: IaasModule,
      imports: [CqrsModule.forRoot()],
      controllers: [
        CreateInstanceHttp,
        InstanceHttp,
        ExplainInstanceHttp,
        ImageHttp,
        FlavorHttp,
        HostHttp,
        NetworkHttp,
        VolumeHttp,
        QuotaHttp,
        SettingsHttp,
        ActivityHttp,
        UndoHttp,
        OperationHttp,
        RebuildHttp,
      ],
      providers: [
        { provide: EventStore, useValue: store },
        { provide: Aggregates, useValue: store.aggregates },
        { provide: Clock, useValue: clock },
        { provide: Moments, useValue: new Moments(store, clock) },
        { provide: Views, useFactory: () => Views.start(store) },
        { provide: ProcessManager, useFactory: managerOf, inject: [EventStore, Views, Commands, Clock] },
        ...Commands.handlers,
        Commands,
        Operations,
        Activities,
        InstanceRequests,
        InstanceSpecs,
        HostDoor,
        ReservationSweep,
        PurgeSweep,
        { provide: ReadModels, useValue: { stores: readModels } satisfies ReadModels },
        Rebuilds,
        Summary,
      ],
      exports: [HostDoor, Views, EventStore, Moments, ProcessManager, Summary],
    };
  }

  /** The bus knows its handlers by now: modules that are imported are started first. */
  async onApplicationBootstrap() {
    await this.#offerFlavors();
    await this.door.open();
    await this.manager.start();
    await this.rebuilds.resume();
  }

  async beforeApplicationShutdown() {
    await this.rebuilds.stop();
    await this.manager.stop();
  }

  async #offerFlavors() {
    const because = { tenantId: PLATFORM, actor: 'setup', correlationId: 'setup', causationId: 'setup' };
    for (const flavor of builtInFlavors) {
      // An id that follows from the name: a flavor that was deleted stays deleted after the next start.
      const commandId = uuidFrom(`built-in flavor ${flavor.name}`, uuidFrom.URL);
      const create = new CreateFlavor(flavor, { commandId, at: this.clock.now(), ...because });
      const { events } = await this.commands.execute(create);
      await this.views.flavors.waitFor(events.at(-1)?.position ?? 0);
    }
  }
}

const managerOf = (store: EventStore, views: Views, commands: Commands, clock: Clock) =>
  new ProcessManager({
    store,
    view: views.operations,
    definitions: processes,
    send: (command, meta) => commands.send(command, meta),
    clock,
  });
