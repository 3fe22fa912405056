import type { DomainRef, DomainState, Libvirt } from '@strata/libvirt';
import type { Observed, Power } from '../hypervisor.js';
import { unlessGone } from './daemon.js';
import { agentChannel } from './domain-xml.js';
import { elementsOf } from './xml.js';

export type GuestState = Readonly<{
  power: Power;
  reason: string | undefined;
  applied: number;
  guestAgent: boolean;
  persistent: boolean;
  /** The document that libvirt has of it. */
  definition: string;
}>;

/** A guest that is on its way up or down counts as on: libvirt holds it for a moment in states that nobody wished. */
const powerOf = (state: DomainState, reason: string): Power => {
  if (state === 'shutoff' || state === 'crashed' || state === 'nostate') return 'off';
  if (state !== 'paused') return 'on';
  return reason === 'starting-up' || reason === 'shutting-down' ? 'on' : 'paused';
};

/** libvirt's words for why a guest is not running, in ours. What is missing here needs no explanation. */
const reasons: Readonly<Record<string, string>> = {
  'shutoff shutdown': 'shut down by the guest',
  'shutoff destroyed': 'destroyed',
  'shutoff crashed': 'crashed',
  'shutoff failed': 'failed to start',
  'shutoff saved': 'saved to disk',
  'shutoff daemon': 'stopped by the hypervisor',
  'crashed panicked': 'crashed',
  'paused ioerror': 'paused by an error of its disk',
  'paused watchdog': 'paused by its watchdog',
  'paused crashed': 'crashed',
};

/** Undefined when the guest went away while we were looking. */
export const guestStateOf = (libvirt: Libvirt, dom: DomainRef): Promise<GuestState | undefined> =>
  unlessGone(
    Promise.all([
      libvirt.stateOf(dom),
      libvirt.call('domainIsPersistent', { dom }),
      libvirt.call('domainGetXmlDesc', { dom, flags: 0 }),
    ]).then(([{ state, reason }, persistent, document]) => ({
      power: powerOf(state, reason),
      reason: reasons[`${state} ${reason}`],
      applied: appliedOf(document),
      guestAgent: hasAgent(document),
      persistent,
      definition: document,
    })),
  );

export const observedFrom = (instanceId: string, state: GuestState): Observed => ({
  instanceId,
  power: state.power,
  applied: state.applied,
  definition: state.persistent ? 'persistent' : 'transient',
  guestAgent: state.guestAgent,
  ...(state.reason !== undefined && { reason: state.reason }),
});

const appliedOf = (document: string): number => Number(elementsOf(document, 'strata:guest')[0]?.get('applied') ?? 0);

export const tenantOf = (document: string): string => elementsOf(document, 'strata:guest')[0]?.get('tenant') ?? '';

const hasAgent = (document: string): boolean =>
  elementsOf(document, 'target').some(
    (target) => target.get('name') === agentChannel && target.get('state') === 'connected',
  );
