import type { HostDescription } from '@strata/contracts';
import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';
import { Map } from 'immutable';

/*
 * Theory of operation. All hosts of a fleet are one aggregate, so that placing is one decision over one state: atomic,
 * repeatable from the log, and explained in the event. Persistent maps keep a decision cheap however many hosts there are.
 */

// ── Commands ─────────────────────────────────────────────────────

export type Size = Readonly<{ vcpus: number; memoryMiB: number; diskGiB: number }>;
type Placing = Readonly<{ instanceId: string; operationId: string }>;

export class ConnectHost extends command('ConnectHost')<{ host: HostDescription; overcommit: Overcommit }> {}
/** Its agent is not there: what runs on it runs on, and nothing new is placed there. */
export class LoseHost extends command('LoseHost')<{ hostId: string }> {}
export class PlaceInstance extends command('PlaceInstance')<Placing & { size: Size }> {}
export class UnplaceInstance extends command('UnplaceInstance')<Placing> {}
export class CordonHost extends command('CordonHost')<{ hostId: string }> {}
export class UncordonHost extends command('UncordonHost')<{ hostId: string }> {}

export type FleetCommand = ConnectHost | LoseHost | PlaceInstance | UnplaceInstance | CordonHost | UncordonHost;

/** How much may be promised for each unit that is there, and what the host keeps for itself. */
export type Overcommit = Readonly<{ vcpus: number; memory: number; reservedMemoryMiB: number }>;

// ── Events ───────────────────────────────────────────────────────

/** Why a host was passed over. `unknown`: it was written before reasons were. */
export type Lack = 'not-connected' | 'cordoned' | 'memory' | 'vcpus' | 'disk' | 'unknown';

/** Where an instance has its place, and how that was chosen: by which rule, among how many, and why not the others. */
export type Placed = Placing &
  Readonly<{
    hostId: string;
    size: Size;
    considered: number;
    fitting: number;
    rule: 'fullest';
    passedOver: Readonly<Partial<Record<Lack, number>>>;
  }>;

export type FleetEvent =
  | Event<'HostConnected', { hostId: string; epoch: number; host: HostDescription; overcommit: Overcommit; at: string }>
  | Event<'HostLost', { hostId: string }>
  | Event<'HostCordoned', { hostId: string }>
  | Event<'HostUncordoned', { hostId: string }>
  | Event<'InstancePlaced', Placed>
  | Event<'InstanceUnplaced', Placing & { hostId: string; size: Size }>;

// ── State ────────────────────────────────────────────────────────

export type Host = Readonly<{
  hostId: string;
  epoch: number;
  description: HostDescription;
  /** What may be promised. */
  capacity: Size;
  reserved: Size;
  instances: number;
  connected: boolean;
  cordoned: boolean;
  /** When it was connected first. */
  connectedAt: string;
}>;

export type Fleet = Readonly<{
  hosts: Map<string, Host>;
  placements: Map<string, Readonly<{ hostId: string; size: Size }>>;
}>;

const empty: Fleet = { hosts: Map(), placements: Map() };
const nothing: Size = { vcpus: 0, memoryMiB: 0, diskGiB: 0 };

const add = (a: Size, b: Size, sign: 1 | -1): Size => ({
  vcpus: a.vcpus + sign * b.vcpus,
  memoryMiB: a.memoryMiB + sign * b.memoryMiB,
  diskGiB: a.diskGiB + sign * b.diskGiB,
});

// ── Rules ────────────────────────────────────────────────────────

/** Why a host cannot take an instance, or nothing when it can. */
const lackOf = (
  { connected, cordoned, capacity, reserved }: Host,
  size: Size,
): Exclude<Lack, 'unknown'> | undefined => {
  if (!connected) return 'not-connected';
  if (cordoned) return 'cordoned';
  if (capacity.memoryMiB - reserved.memoryMiB < size.memoryMiB) return 'memory';
  if (capacity.vcpus - reserved.vcpus < size.vcpus) return 'vcpus';
  return capacity.diskGiB - reserved.diskGiB < size.diskGiB ? 'disk' : undefined;
};

/** The same in words. */
const verdict = (host: Host, size: Size): string | undefined => {
  const lack = lackOf(host, size);
  const free = add(host.capacity, host.reserved, -1);
  switch (lack) {
    case undefined:
      return undefined;
    case 'not-connected':
      return 'is not connected';
    case 'cordoned':
      return 'is cordoned';
    case 'memory':
      return `has ${free.memoryMiB} MiB of memory left`;
    case 'vcpus':
      return `has ${free.vcpus} vCPU left`;
    case 'disk':
      return `has ${free.diskGiB} GiB of disk left`;
    default:
      return unreachable(lack);
  }
};

/** Packing: the fullest host that still has room, so that large requests find room later. */
const fuller = (a: Host, b: Host) =>
  a.capacity.memoryMiB - a.reserved.memoryMiB - (b.capacity.memoryMiB - b.reserved.memoryMiB) ||
  (a.hostId < b.hostId ? -1 : 1);

const place = ({ instanceId, operationId, size }: PlaceInstance['data'], fleet: Fleet): Decision<FleetEvent> => {
  const placed = fleet.placements.get(instanceId);
  if (placed) return [];
  let best: Host | undefined;
  let fitting = 0;
  const passedOver: Partial<Record<Lack, number>> = {};
  for (const host of fleet.hosts.values()) {
    const lack = lackOf(host, size);
    if (lack) {
      passedOver[lack] = (passedOver[lack] ?? 0) + 1;
      continue;
    }
    fitting++;
    if (!best || fuller(host, best) < 0) best = host;
  }
  if (!best) {
    const hosts = [...fleet.hosts.values()]
      .slice(0, 100)
      .map((host) => ({ hostId: host.hostId, because: verdict(host, size) }));
    const why =
      hosts.length === 0
        ? 'no host is connected'
        : hosts
            .slice(0, 3)
            .map((it) => `${it.hostId} ${it.because}`)
            .join('; ');
    return reject(
      'capacity.exhausted',
      `no host has room for ${size.vcpus} vCPU, ${size.memoryMiB} MiB and ${size.diskGiB} GiB: ${why}`,
      { hosts },
    );
  }
  const considered = fleet.hosts.size;
  const { hostId } = best;
  return [
    {
      type: 'InstancePlaced',
      data: { instanceId, operationId, hostId, size, considered, fitting, rule: 'fullest', passedOver },
    },
  ];
};

const decide = (command: FleetCommand, fleet: Fleet): Decision<FleetEvent> => {
  switch (command.type) {
    case 'ConnectHost': {
      const { host, overcommit } = command.data;
      const epoch = (fleet.hosts.get(host.hostId)?.epoch ?? 0) + 1;
      return [{ type: 'HostConnected', data: { hostId: host.hostId, epoch, host, overcommit, at: command.meta.at } }];
    }
    case 'LoseHost': {
      const { hostId } = command.data;
      return fleet.hosts.get(hostId)?.connected ? [{ type: 'HostLost', data: { hostId } }] : [];
    }
    case 'CordonHost':
    case 'UncordonHost': {
      const { hostId } = command.data;
      const host = fleet.hosts.get(hostId);
      if (!host) return reject('host.not-found', `there is no host ${hostId}`);
      const cordon = command.type === 'CordonHost';
      return host.cordoned === cordon ? [] : [{ type: cordon ? 'HostCordoned' : 'HostUncordoned', data: { hostId } }];
    }
    case 'PlaceInstance':
      return place(command.data, fleet);
    case 'UnplaceInstance': {
      const { instanceId, operationId } = command.data;
      const placed = fleet.placements.get(instanceId);
      return placed ? [{ type: 'InstanceUnplaced', data: { instanceId, operationId, ...placed } }] : [];
    }
    default:
      return unreachable(command);
  }
};

const evolve = (fleet: Fleet, event: FleetEvent): Fleet => {
  const change = (hostId: string, to: (host: Host) => Host): Fleet => {
    const host = fleet.hosts.get(hostId);
    return host ? { ...fleet, hosts: fleet.hosts.set(hostId, to(host)) } : fleet;
  };
  switch (event.type) {
    case 'HostConnected': {
      const { hostId, epoch, host: description, overcommit, at } = event.data;
      const capacity: Size = {
        vcpus: Math.floor(description.vcpus * overcommit.vcpus),
        memoryMiB: Math.max(0, Math.floor(description.memoryMiB * overcommit.memory) - overcommit.reservedMemoryMiB),
        diskGiB: description.diskGiB,
      };
      const known = fleet.hosts.get(hostId) ?? { reserved: nothing, instances: 0, cordoned: false, connectedAt: at };
      return {
        ...fleet,
        hosts: fleet.hosts.set(hostId, { ...known, hostId, epoch, description, capacity, connected: true }),
      };
    }
    case 'HostLost':
      return change(event.data.hostId, (host) => ({ ...host, connected: false }));
    case 'HostCordoned':
      return change(event.data.hostId, (host) => ({ ...host, cordoned: true }));
    case 'HostUncordoned':
      return change(event.data.hostId, (host) => ({ ...host, cordoned: false }));
    case 'InstancePlaced': {
      const { instanceId, hostId, size } = event.data;
      const { hosts } = change(hostId, (host) => ({
        ...host,
        reserved: add(host.reserved, size, 1),
        instances: host.instances + 1,
      }));
      return { hosts, placements: fleet.placements.set(instanceId, { hostId, size }) };
    }
    case 'InstanceUnplaced': {
      const { instanceId, hostId, size } = event.data;
      const { hosts } = change(hostId, (host) => ({
        ...host,
        reserved: add(host.reserved, size, -1),
        instances: host.instances - 1,
      }));
      return { hosts, placements: fleet.placements.delete(instanceId) };
    }
    default:
      return unreachable(event);
  }
};

export const fleet: Decider<FleetCommand, FleetEvent, Fleet> = {
  name: 'fleet',
  scope: 'platform',
  initialState: empty,
  decide,
  evolve,
};

/** There is one fleet: its id in the stream's name. */
export const FLEET = 'main';
