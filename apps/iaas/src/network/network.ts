import type { NetworkSight } from '@strata/contracts';
import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';
import { Map } from 'immutable';

// ── Commands ─────────────────────────────────────────────────────

type For = Readonly<{ networkId: string; instanceId: string; operationId: string }>;

export class CreateNetwork extends command('CreateNetwork')<{
  networkId: string;
  name: string;
  type: 'nat';
  cidr: string;
}> {}
export class AllocateAddress extends command('AllocateAddress')<For & { name: string }> {}
export class ReleaseAddress extends command('ReleaseAddress')<For> {}
export class ReportNetwork extends command('ReportNetwork')<{
  networkId: string;
  hostId: string;
  sight: NetworkSight;
}> {}

export type NetworkCommand = CreateNetwork | AllocateAddress | ReleaseAddress | ReportNetwork;

// ── Events ───────────────────────────────────────────────────────

type Lease = Readonly<{ networkId: string; mac: string; ip: string; name: string }>;

export type NetworkEvent =
  | Event<
      'NetworkCreated',
      { networkId: string; tenantId: string; name: string; type: 'nat'; cidr: string; at: string }
    >
  | Event<'AddressAllocated', Readonly<{ instanceId: string; operationId: string; lease: Lease }>>
  | Event<'AddressReleased', Readonly<{ instanceId: string; operationId: string; lease: Lease }>>
  | Event<
      'NetworkObserved',
      { networkId: string; hostId: string; state: 'present' | 'absent'; problem: string | null }
    >;

// ── State ────────────────────────────────────────────────────────

export type Network =
  | Readonly<{ phase: 'absent' }>
  | Readonly<{
      phase: 'active';
      networkId: string;
      tenantId: string;
      name: string;
      cidr: string;
      createdAt: string;
      byInstance: Map<string, Lease>;
      byAddress: Map<number, string>;
      /** Where the search for a free address begins: an address that was given back rests for a full round. */
      next: number;
      sights: Map<string, Readonly<{ state: 'present' | 'absent'; problem: string | null }>>;
    }>;

/** The network that every tenant finds, and under which name. */
export const EVERYBODYS_NETWORK = 'net_default';
export const EVERYBODYS_NETWORK_NAME = 'default';

// ── Addresses ────────────────────────────────────────────────────

/** The first ten host addresses are kept for the network itself: the gateway and what it may need later. */
const KEPT = 10;

const number = (ip: string) => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const dotted = (ip: number) => [24, 16, 8, 0].map((shift) => Math.floor(ip / 2 ** shift) % 256).join('.');

/** The addresses of a range that guests may have, first and last, and the gateway. */
export const rangeOf = (cidr: string): Readonly<{ first: number; last: number; gateway: string; usable: number }> => {
  const [base = '', bits = '24'] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const start = Math.floor(number(base) / size) * size;
  const first = start + 1 + KEPT;
  const last = start + size - 2;
  return { first, last, gateway: dotted(start + 1), usable: last - first + 1 };
};

/** A locally administered MAC that follows from the address: within one range no two are alike. */
const macOf = (ip: number) =>
  `52:54:${[24, 16, 8, 0].map((shift) => (Math.floor(ip / 2 ** shift) % 256).toString(16).padStart(2, '0')).join(':')}`;

// ── Rules ────────────────────────────────────────────────────────

const allocate = (
  { instanceId, operationId, name }: AllocateAddress['data'],
  it: Extract<Network, { phase: 'active' }>,
): Decision<NetworkEvent> => {
  if (it.byInstance.has(instanceId)) return [];
  const { first, last, usable } = rangeOf(it.cidr);
  if (it.byAddress.size >= usable)
    return reject('network.exhausted', `all ${usable} addresses of the network ${it.name} are in use`);
  let ip = it.next;
  while (it.byAddress.has(ip)) ip = ip === last ? first : ip + 1;
  return [
    {
      type: 'AddressAllocated',
      data: { instanceId, operationId, lease: { networkId: it.networkId, mac: macOf(ip), ip: dotted(ip), name } },
    },
  ];
};

const decide = (command: NetworkCommand, it: Network): Decision<NetworkEvent> => {
  if (command.type === 'CreateNetwork') {
    const { tenantId, at } = command.meta;
    return it.phase === 'absent' ? [{ type: 'NetworkCreated', data: { ...command.data, tenantId, at } }] : [];
  }
  if (it.phase === 'absent') return reject('network.not-found', 'there is no such network');
  switch (command.type) {
    case 'AllocateAddress':
      return allocate(command.data, it);
    case 'ReleaseAddress': {
      const { instanceId, operationId } = command.data;
      const lease = it.byInstance.get(instanceId);
      return lease ? [{ type: 'AddressReleased', data: { instanceId, operationId, lease } }] : [];
    }
    case 'ReportNetwork': {
      const { networkId, hostId, sight } = command.data;
      const known = it.sights.get(hostId);
      if (known?.state === sight.state && known.problem === sight.problem) return [];
      return [{ type: 'NetworkObserved', data: { networkId, hostId, state: sight.state, problem: sight.problem } }];
    }
    default:
      return unreachable(command);
  }
};

const evolve = (it: Network, event: NetworkEvent): Network => {
  if (event.type === 'NetworkCreated') {
    const { networkId, tenantId, name, cidr, at } = event.data;
    return {
      phase: 'active',
      networkId,
      tenantId,
      name,
      cidr,
      createdAt: at,
      byInstance: Map(),
      byAddress: Map(),
      next: rangeOf(cidr).first,
      sights: Map(),
    };
  }
  if (it.phase === 'absent') return it;
  switch (event.type) {
    case 'AddressAllocated': {
      const { instanceId, lease } = event.data;
      const ip = number(lease.ip);
      const { first, last } = rangeOf(it.cidr);
      return {
        ...it,
        byInstance: it.byInstance.set(instanceId, lease),
        byAddress: it.byAddress.set(ip, instanceId),
        next: ip === last ? first : ip + 1,
      };
    }
    case 'AddressReleased': {
      const { instanceId, lease } = event.data;
      return { ...it, byInstance: it.byInstance.delete(instanceId), byAddress: it.byAddress.delete(number(lease.ip)) };
    }
    case 'NetworkObserved': {
      const { hostId, state, problem } = event.data;
      return { ...it, sights: it.sights.set(hostId, { state, problem }) };
    }
    default:
      return unreachable(event);
  }
};

export const network: Decider<NetworkCommand, NetworkEvent, Network> = {
  name: 'network',
  // The one network that there is belongs to the platform; whoever has an address in it need not own it.
  scope: 'platform',
  initialState: { phase: 'absent' },
  decide,
  evolve,
};
