import type { EventStore, View } from '@strata/event-store';
import { operationView } from '@strata/operations';
import type { OperationColumn, OperationRow } from '@strata/operations';
import { flavorView } from './flavor/flavor.view.js';
import type { FlavorRow } from './flavor/flavor.view.js';
import { imageView } from './image/image.view.js';
import type { ImageRow } from './image/image.view.js';
import { instanceView } from './instance/instance.view.js';
import type { InstanceColumn, InstanceRow } from './instance/instance.view.js';
import { networkView } from './network/network.view.js';
import type { NetworkRow } from './network/network.view.js';
import { reservationView } from './quota/reservation.view.js';
import type { ReservationRow } from './quota/reservation.view.js';

/** Every read model of this service. Each is a fold: deleting all of them costs time, never data. */
export class Views {
  private constructor(
    readonly instances: View<InstanceRow, InstanceColumn>,
    readonly operations: View<OperationRow, OperationColumn>,
    readonly images: View<ImageRow, 'building'>,
    readonly flavors: View<FlavorRow, 'memoryMiB'>,
    readonly networks: View<NetworkRow, 'name'>,
    readonly reservations: View<ReservationRow, 'claimed'>,
  ) {}

  static async start(store: EventStore): Promise<Views> {
    return new Views(
      await store.view(instanceView),
      await store.view(operationView),
      await store.view(imageView),
      await store.view(flavorView),
      await store.view(networkView),
      await store.view(reservationView),
    );
  }
}
