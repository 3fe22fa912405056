import { z } from 'zod';
import { Time, endpoint, mutationQuery } from '../endpoint.js';
import { Operation } from '../operation.js';

const Hash = z.string().describe('SHA-256, in hex');

/** That a log had this hash at this position, signed with Ed25519. */
const Checkpoint = z.object({
  position: z.int(),
  hash: Hash,
  at: Time,
  keyId: z.string(),
  signature: z.string().describe('In base64, of the statement that docs/operations.md tells of'),
});

export const LogView = z.object({
  name: z.string().describe('The service whose log it is'),
  position: z.int().describe('That of its newest event'),
  checkpoint: Checkpoint.nullable().describe('The newest one, which is made when this is asked'),
  views: z.array(z.string()).describe('Its read models'),
  damage: z.string().nullable().describe('What is known to be wrong with it'),
});
export type LogView = z.infer<typeof LogView>;

/** Something about a log that is not as it was stored. */
export const LogFault = z.object({
  kind: z.enum([
    'changed',
    'hash',
    'swapped',
    'missing',
    'copy',
    'surplus',
    'head',
    'rewritten',
    'tenant',
    'command',
    'signature',
    'key',
    'file',
  ]),
  from: z.int().describe('The first position that it concerns'),
  to: z.int().describe('The last one'),
  streams: z.array(z.string()).describe('Whose events these are, as far as that can be said'),
  what: z.string(),
});

/** What came of the verification of one log. */
export const LogReport = z.object({
  log: z.string(),
  events: z.int().describe('How many were looked at'),
  position: z.int().describe('That of the last one'),
  hash: Hash.describe('That of the last one: keep it elsewhere, and nobody can ever change what came before unseen'),
  checkpoints: z.int().describe('How many are well signed and agree with the events'),
  lastCheckpoint: Checkpoint.nullable(),
  faults: z.array(LogFault).describe('The first hundred'),
  more: z.int().describe('How many faults there are beside those'),
  seconds: z.number(),
  eventsPerSecond: z.int(),
});
export type LogReport = z.infer<typeof LogReport>;

/** How far a verification is. */
export const LogProgress = z.object({
  log: z.string(),
  events: z.int(),
  position: z.int(),
  head: z.int(),
  faults: z.int(),
});
export type LogProgress = z.infer<typeof LogProgress>;

export const LogRebuild = z.object({
  operationId: z.string(),
  status: z.enum(['running', 'succeeded', 'failed']),
  reason: z.string().nullable(),
  events: z.int().describe('How many were folded, for all read models at once'),
  seconds: z.number(),
  eventsPerSecond: z.int(),
  views: z.array(
    z.object({
      view: z.string().describe('`<log>/<name>`'),
      rows: z.int(),
      before: Hash.nullable().describe('Over all rows, at the position of the switch; null: it had not come that far'),
      after: Hash,
    }),
  ),
});
export type LogRebuild = z.infer<typeof LogRebuild>;

/** What is said of a log is no state of what the log tells of. */
const timeless = 'it is about the log itself';
const administrators = { tag: 'logs', access: 'platform-administrator' } as const;
const readers = { ...administrators, timeless };
const named = z.object({ log: z.string().max(40) });
const position = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const upTo = position.default(Number.MAX_SAFE_INTEGER).describe('Else up to the end');

/** The logs themselves: what they prove, how they are copied, and what is folded from them. */
export const logs = {
  status: endpoint({
    ...readers,
    method: 'get',
    path: '/v1/logs',
    summary:
      'How the logs are: their newest checkpoints, the public keys that are known, the read models, what is damaged',
    status: 200,
    answer: z.object({
      logs: z.array(LogView),
      keys: z.array(z.object({ id: z.string(), publicKey: z.string().describe('Ed25519, PEM') })),
    }),
    errors: [],
  }),
  verify: endpoint({
    ...readers,
    method: 'get',
    path: '/v1/logs/verification',
    summary:
      'Compute the chain of each log again from what is stored, and compare it with the signed checkpoints (Accept: text/event-stream tells how far it is)',
    query: z.object({ log: z.string().max(40).optional() }),
    status: 200,
    answer: z.object({ logs: z.array(LogReport) }),
    errors: ['log.not-found'],
    streams: 'progress',
  }),
  rebuild: endpoint({
    ...administrators,
    method: 'post',
    path: '/v1/logs/rebuild',
    summary: 'Fold read models anew from the whole log, beside those that are read',
    query: z.object(mutationQuery),
    body: z
      .strictObject({
        views: z.array(z.string().max(100)).min(1).max(100).optional().describe('`<log>/<name>` or `<name>`; else all'),
      })
      .default({}),
    status: 202,
    answer: Operation,
    errors: ['log.no-view', 'log.rebuilding', 'log.damaged'],
  }),
  rebuilt: endpoint({
    ...readers,
    method: 'get',
    path: '/v1/logs/rebuild',
    summary: 'What came of the latest rebuild, with the hash of each read model before and after',
    status: 200,
    answer: LogRebuild,
    errors: ['log.not-rebuilt'],
  }),
  checkpoint: endpoint({
    ...readers,
    method: 'get',
    path: '/v1/logs/:log/checkpoint',
    summary: 'The newest checkpoint at or before a position',
    params: named,
    query: z.object({ upTo }),
    status: 200,
    answer: z.object({ checkpoint: Checkpoint.nullable() }),
    errors: ['log.not-found'],
  }),
  lines: endpoint({
    ...readers,
    method: 'get',
    path: '/v1/logs/:log/lines',
    summary: 'The events of a log, each as the line that is hashed, with its hash',
    params: named,
    query: z.object({
      after: position.default(0),
      upTo,
      tenant: z.string().max(64).optional().describe('Only its events, each with the hash that it is chained to'),
    }),
    status: 200,
    answer: z.string(),
    errors: ['log.not-found'],
    streams: 'lines',
  }),
};
