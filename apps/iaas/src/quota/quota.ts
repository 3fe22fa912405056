import { quotaResources } from '@strata/contracts';
import type { QuotaAmounts } from '@strata/contracts';
import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';
import { Map } from 'immutable';

/*
 * Theory of operation. A reservation is made before the instance is, so that a request beyond the quota is refused at once
 * and a hundred requests at the same moment cannot all slip through. It also holds the name. It is given back by the undo
 * of provisioning, by deletion, and by a sweep when the request died between the reservation and the instance.
 */

// ── Commands ─────────────────────────────────────────────────────

export type Demand = Readonly<{ vcpus: number; memoryMiB: number; diskGiB: number }>;

export class ReserveQuota extends command('ReserveQuota')<
  { instanceId: string; operationId: string; name: string } & Demand
> {}
export class ReleaseQuota extends command('ReleaseQuota')<{ instanceId: string }> {}
export class SetQuota extends command('SetQuota')<{ limits: Partial<QuotaAmounts> }> {}

export type QuotaCommand = ReserveQuota | ReleaseQuota | SetQuota;

// ── Events ───────────────────────────────────────────────────────

export type QuotaEvent =
  | Event<'QuotaReserved', { instanceId: string; operationId: string; name: string; at: string } & Demand>
  | Event<'QuotaReleased', { instanceId: string }>
  | Event<'QuotaSet', { limits: QuotaAmounts }>;

// ── State ────────────────────────────────────────────────────────

export type Reservation = Readonly<{ name: string; at: string } & Demand>;
export type Quota = Readonly<{
  limits: QuotaAmounts;
  used: QuotaAmounts;
  reservations: Map<string, Reservation>;
  names: Map<string, string>;
}>;

/** Generous: they stop accidents. An administrator sets what a tenant pays for. */
const defaultLimits: QuotaAmounts = {
  instances: 10_000,
  vcpus: 40_000,
  memoryMiB: 160 * 1024 * 1024,
  diskGiB: 1_000_000,
};
const none: QuotaAmounts = { instances: 0, vcpus: 0, memoryMiB: 0, diskGiB: 0 };

const plus = (used: QuotaAmounts, { vcpus, memoryMiB, diskGiB }: Demand, sign: 1 | -1): QuotaAmounts => ({
  instances: used.instances + sign,
  vcpus: used.vcpus + sign * vcpus,
  memoryMiB: used.memoryMiB + sign * memoryMiB,
  diskGiB: used.diskGiB + sign * diskGiB,
});

// ── Rules ────────────────────────────────────────────────────────

const decide = (command: QuotaCommand, it: Quota): Decision<QuotaEvent> => {
  switch (command.type) {
    case 'ReserveQuota': {
      const { instanceId, name } = command.data;
      if (it.reservations.has(instanceId)) return [];
      if (it.names.has(name)) return reject('instance.name-taken', `there is an instance named ${name} already`);
      const wanted = plus(it.used, command.data, 1);
      const over = quotaResources.filter((resource) => wanted[resource] > it.limits[resource]);
      if (over.length === 0) return [{ type: 'QuotaReserved', data: { ...command.data, at: command.meta.at } }];
      const words = over.map(
        (resource) =>
          `${resource} ${it.used[resource]} of ${it.limits[resource]} used, ${wanted[resource] - it.used[resource]} more asked`,
      );
      return reject('quota.exceeded', `the quota does not allow it: ${words.join('; ')}`, {
        limits: it.limits,
        used: it.used,
      });
    }
    case 'ReleaseQuota': {
      const { instanceId } = command.data;
      return it.reservations.has(instanceId) ? [{ type: 'QuotaReleased', data: { instanceId } }] : [];
    }
    case 'SetQuota': {
      const limits = { ...it.limits, ...command.data.limits };
      return quotaResources.every((resource) => limits[resource] === it.limits[resource])
        ? []
        : [{ type: 'QuotaSet', data: { limits } }];
    }
    default:
      return unreachable(command);
  }
};

const evolve = (it: Quota, event: QuotaEvent): Quota => {
  switch (event.type) {
    case 'QuotaReserved': {
      const { instanceId, name, at, vcpus, memoryMiB, diskGiB } = event.data;
      const reservation = { name, at, vcpus, memoryMiB, diskGiB };
      return {
        ...it,
        used: plus(it.used, reservation, 1),
        reservations: it.reservations.set(instanceId, reservation),
        names: it.names.set(name, instanceId),
      };
    }
    case 'QuotaReleased': {
      const { instanceId } = event.data;
      const reservation = it.reservations.get(instanceId);
      if (!reservation) return it;
      return {
        ...it,
        used: plus(it.used, reservation, -1),
        reservations: it.reservations.delete(instanceId),
        names: it.names.delete(reservation.name),
      };
    }
    case 'QuotaSet':
      return { ...it, limits: event.data.limits };
    default:
      return unreachable(event);
  }
};

export const quota: Decider<QuotaCommand, QuotaEvent, Quota> = {
  name: 'quota',
  initialState: { limits: defaultLimits, used: none, reservations: Map(), names: Map() },
  decide,
  evolve,
};
