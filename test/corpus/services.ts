import { operations } from '@strata/event-sourcing';
import type { Event, History } from '@strata/event-sourcing';
import type { EventLog, EventStore, ViewDefinition } from '@strata/event-store';
import { operationView } from '@strata/operations';
import { flavor } from '../../apps/iaas/src/flavor/flavor.js';
import { flavorView } from '../../apps/iaas/src/flavor/flavor.view.js';
import { fleet } from '../../apps/iaas/src/host/fleet.js';
import { history as iaasHistory, processes } from '../../apps/iaas/src/iaas.module.js';
import { image } from '../../apps/iaas/src/image/image.js';
import { imageView } from '../../apps/iaas/src/image/image.view.js';
import { instance } from '../../apps/iaas/src/instance/instance.js';
import { instanceId } from '../../apps/iaas/src/instance/instance-id.js';
import { instanceView } from '../../apps/iaas/src/instance/instance.view.js';
import { network } from '../../apps/iaas/src/network/network.js';
import { networkView } from '../../apps/iaas/src/network/network.view.js';
import { quota } from '../../apps/iaas/src/quota/quota.js';
import { settings } from '../../apps/iaas/src/settings/settings.js';
import { reservationView } from '../../apps/iaas/src/quota/reservation.view.js';
import { rebuild } from '../../apps/iaas/src/rebuild/rebuild.js';
import { trailView } from '../../apps/iaas/src/event/trail.view.js';
import { history as identityHistory } from '../../apps/identity/src/identity.module.js';
import { key } from '../../apps/identity/src/key/key.js';
import { keyView } from '../../apps/identity/src/key/key.view.js';
import { membership } from '../../apps/identity/src/tenant/membership.js';
import { tenant } from '../../apps/identity/src/tenant/tenant.js';
import { tenantView } from '../../apps/identity/src/tenant/tenant.view.js';
import { user } from '../../apps/identity/src/user/user.js';
import { userView } from '../../apps/identity/src/user/user.view.js';
import { tellIaasStories } from './iaas-stories.js';
import { tellIdentityStories } from './identity-stories.js';

/** The fold of an aggregate, whatever its state and its events are. */
type Fold = Readonly<{ name: string; initialState: unknown; evolve(state: unknown, event: Event): unknown }>;
type View = ViewDefinition<object, string>;

/** What of a service the corpus has to do with. */
export type Service = Readonly<{
  name: string;
  history: History;
  /** Fills an empty log, through the stores that follow it. */
  tell(log: EventLog, store?: () => EventStore): Promise<void>;
  folds: readonly Fold[];
  views: readonly View[];
}>;

// Each fold below is given the events of its own streams only, and each view asks by `key` for those that it knows.
const folds = (...deciders: readonly object[]) => deciders as readonly Fold[];
const views = (...definitions: readonly object[]) => definitions as readonly View[];

export const services: readonly Service[] = [
  {
    name: 'iaas',
    history: iaasHistory,
    tell: tellIaasStories,
    folds: folds(instance, instanceId, fleet, network, quota, settings, image, flavor, rebuild, operations(processes)),
    views: views(instanceView, operationView, imageView, flavorView, networkView, reservationView, trailView),
  },
  {
    name: 'identity',
    history: identityHistory,
    tell: tellIdentityStories,
    folds: folds(tenant, membership, user, key),
    views: views(tenantView, userView, keyView),
  },
];
