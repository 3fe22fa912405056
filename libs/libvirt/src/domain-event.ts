import { agentStateOf, lifecycleOf } from './constants.js';
import type { AgentState, Lifecycle } from './constants.js';
import { domain } from './procedures.js';
import type { DomainRef } from './procedures.js';
import { decode, int, struct } from './xdr.js';

/** What the daemon says unasked. A hint, never a truth: events come late, and are lost with a connection. */
export type DomainEvent =
  | { readonly type: 'lifecycle'; readonly domain: DomainRef; readonly change: Lifecycle; readonly detail: string }
  | { readonly type: 'reboot'; readonly domain: DomainRef }
  | { readonly type: 'agent'; readonly domain: DomainRef; readonly state: AgentState };

const lifecycle = struct({ callbackId: int, domain, event: int, detail: int });
const reboot = struct({ callbackId: int, domain });
const agent = struct({ callbackId: int, domain, state: int, reason: int });

/** `eventId` is what one registers for (virDomainEventID); `number` is the procedure under which it then arrives. */
export const domainEvents = {
  lifecycle: { eventId: 0, number: 318, message: lifecycle },
  reboot: { eventId: 1, number: 319, message: reboot },
  agent: { eventId: 18, number: 348, message: agent },
} as const;

/** @returns undefined for events that nobody registered for. @throws XdrError */
export const domainEventFrom = (number: number, bytes: Buffer): DomainEvent | undefined => {
  switch (number) {
    case domainEvents.lifecycle.number: {
      const { domain: about, event, detail } = decode(lifecycle, bytes);
      return { type: 'lifecycle', domain: about, ...lifecycleOf(event, detail) };
    }
    case domainEvents.reboot.number:
      return { type: 'reboot', domain: decode(reboot, bytes).domain };
    case domainEvents.agent.number: {
      const { domain: about, state } = decode(agent, bytes);
      return { type: 'agent', domain: about, state: agentStateOf(state) };
    }
    default:
      return undefined;
  }
};
