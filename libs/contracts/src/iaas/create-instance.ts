import { z } from 'zod';
import { Labels, Name, endpoint, idOf, mutationQuery } from '../endpoint.js';
import { Operation } from '../operation.js';

const InstanceId = idOf('inst');

const SshKey = z
  .string()
  .regex(/^(ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/=]+( [^\r\n]*)?$/, 'an OpenSSH public key on one line')
  .max(2000);

export const InstanceSpec = z
  .strictObject({
    id: InstanceId.optional().describe('Chosen by the asker, so that asking twice is asking once'),
    name: Name,
    image: z.string().min(1).max(100).describe('Name or id of an image'),
    flavor: z.string().min(1).max(63).optional().describe('A size; or give vcpus, memoryMiB and diskGiB'),
    vcpus: z.int().min(1).max(256).optional(),
    memoryMiB: z.int().min(64).max(4_194_304).optional(),
    diskGiB: z.int().min(1).max(65_536).optional(),
    network: z.string().min(1).max(63).default('default'),
    sshKeys: z.array(SshKey).max(20).default([]),
    labels: Labels.default({}),
  })
  .refine((it) => it.flavor !== undefined || (it.vcpus && it.memoryMiB && it.diskGiB), {
    path: ['flavor'],
    message: 'give a flavor, or vcpus, memoryMiB and diskGiB',
  });
export type InstanceSpec = z.output<typeof InstanceSpec>;

export const createInstance = endpoint({
  method: 'post',
  path: '/v1/instances',
  summary: 'Create an instance',
  tag: 'instances',
  access: 'operator',
  body: InstanceSpec,
  query: z.object(mutationQuery),
  status: 202,
  answer: Operation,
  errors: [
    'quota.exceeded',
    'instance.name-taken',
    'instance.exists',
    'image.not-found',
    'flavor.not-found',
    'network.not-found',
  ],
});
