import { z } from 'zod';
import { Time, endpoint } from '../endpoint.js';

const Moment = z.object({ eventId: z.string(), position: z.int(), at: Time, by: z.string() });

/** Why an instance is where it is and as it is, and what may be asked of it. */
export const InstanceExplanation = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  task: z.string().nullable(),
  because: z.array(z.string()).describe('The whole of it in sentences, for people'),
  placement: Moment.extend({
    hostId: z.string(),
    rule: z.string().describe('How one was chosen among the hosts with room'),
    considered: z.int(),
    fitting: z.int(),
    passedOver: z.record(z.string(), z.int()).describe('How many hosts were passed over, by what they lacked'),
  }).nullable(),
  wish: z.object({
    presence: z.string(),
    power: z.string(),
    revision: z.int(),
    asked: Moment.extend({ requestId: z.string() }).nullable(),
  }),
  sight: z.object({
    disk: z.string(),
    power: z.string(),
    applied: z.int().describe('The revision of the wish that the host has carried out'),
    guestAgent: z.boolean(),
    seen: Moment.nullable(),
  }),
  events: z.array(Moment.extend({ type: z.string() })).describe('What happened last, oldest first'),
  verbs: z
    .array(z.object({ verb: z.string(), allowed: z.boolean(), because: z.string().nullable() }))
    .describe('What may be asked now, and why not the rest'),
});
export type InstanceExplanation = z.infer<typeof InstanceExplanation>;

export const explainInstance = endpoint({
  method: 'get',
  path: '/v1/instances/:id/explain',
  summary: 'Explain an instance: why it is there, why it is so, and what may be asked of it now',
  tag: 'instances',
  access: 'viewer',
  params: z.object({ id: z.string().max(64).describe('Id or name') }),
  status: 200,
  timeless: 'it tells what may be asked now, and why',
  answer: InstanceExplanation,
  errors: ['instance.not-found'],
});
