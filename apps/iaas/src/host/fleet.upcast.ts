import type { Upcasts } from '@strata/event-sourcing';
import type { FleetEvent, Placed } from './fleet.js';

type PlacedInFirstLight = Omit<Placed, 'rule' | 'passedOver'>;

/** 0.1.0 counted the hosts that it passed over and did not say why; it had one rule, and so did not say which. */
const withReasons = ({ considered, fitting, ...placed }: PlacedInFirstLight): Placed => ({
  ...placed,
  considered,
  fitting,
  rule: 'fullest',
  passedOver: considered > fitting ? { unknown: considered - fitting } : {},
});

/** How events of the fleet are read that earlier releases wrote. */
export const fleetUpcasts = { InstancePlaced: [withReasons] } satisfies Upcasts<FleetEvent>;
