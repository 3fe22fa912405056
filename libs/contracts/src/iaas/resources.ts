import { z } from 'zod';
import { Name, Time, asOf, endpoint, mutationQuery, pageOf, pageQuery, thing } from '../endpoint.js';
import { Operation } from '../operation.js';

const one = z.object({ id: z.string().max(100).describe('Id or name') });
const page = z.object(pageQuery);
const query = z.object(mutationQuery);

// ── Images ───────────────────────────────────────────────────────

export const ImageView = z.object({
  id: z.string(),
  ...thing,
  recipe: z.string(),
  digest: z.string().nullable().describe('SHA-256 of the content'),
  sizeMiB: z.number().nullable(),
  minMemoryMiB: z.number(),
  minDiskGiB: z.number(),
  progress: z.object({ done: z.number(), total: z.number(), note: z.string() }).nullable(),
});
export type ImageView = z.infer<typeof ImageView>;

export const images = {
  list: endpoint({
    method: 'get',
    path: '/v1/images',
    summary: 'List images',
    tag: 'images',
    access: 'viewer',
    query: page,
    status: 200,
    answer: pageOf(ImageView),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/images/:id',
    summary: 'Show an image',
    tag: 'images',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: ImageView,
    errors: ['image.not-found'],
  }),
  build: endpoint({
    method: 'post',
    path: '/v1/images',
    summary: 'Build an image from a recipe',
    tag: 'images',
    access: 'operator',
    query,
    body: z.strictObject({ recipe: z.string().min(1).max(100) }),
    status: 202,
    answer: Operation,
    errors: ['image.unknown-recipe'],
  }),
};

// ── Flavors ──────────────────────────────────────────────────────

export const FlavorSpec = z.strictObject({
  name: Name,
  vcpus: z.int().min(1).max(256),
  memoryMiB: z.int().min(64).max(4_194_304),
  diskGiB: z.int().min(1).max(65_536),
});
export const FlavorView = z.object({
  id: z.string(),
  ...thing,
  vcpus: z.number(),
  memoryMiB: z.number(),
  diskGiB: z.number(),
});
export type FlavorView = z.infer<typeof FlavorView>;

export const flavors = {
  list: endpoint({
    method: 'get',
    path: '/v1/flavors',
    summary: 'List flavors',
    tag: 'flavors',
    access: 'viewer',
    query: page,
    status: 200,
    answer: pageOf(FlavorView),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/flavors/:id',
    summary: 'Show a flavor',
    tag: 'flavors',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: FlavorView,
    errors: ['flavor.not-found'],
  }),
  create: endpoint({
    method: 'post',
    path: '/v1/flavors',
    summary: 'Create a flavor',
    tag: 'flavors',
    access: 'platform-administrator',
    body: FlavorSpec,
    query,
    status: 201,
    answer: FlavorView,
    errors: ['flavor.exists'],
  }),
  delete: endpoint({
    method: 'delete',
    path: '/v1/flavors/:id',
    summary: 'Delete a flavor; instances made from it stay',
    tag: 'flavors',
    access: 'platform-administrator',
    params: one,
    query,
    status: 200,
    answer: FlavorView,
    errors: ['flavor.not-found'],
  }),
};

// ── Hosts ────────────────────────────────────────────────────────

const Amounts = z.object({ vcpus: z.number(), memoryMiB: z.number(), diskGiB: z.number() });
export const HostView = z.object({
  id: z.string(),
  ...thing,
  driver: z.enum(['libvirt', 'simulated']),
  accelerator: z.enum(['kvm', 'tcg', 'none']),
  version: z.string(),
  capacity: Amounts,
  reserved: Amounts,
  instances: z.number(),
  schedulable: z.boolean(),
  lastSeenAt: Time.nullable().describe('Kept in no log: `null` in what is shown of the past'),
});
export type HostView = z.infer<typeof HostView>;

const hostVerb = (name: 'cordon' | 'uncordon', summary: string) =>
  endpoint({
    method: 'post',
    path: `/v1/hosts/:id/${name}`,
    summary,
    tag: 'hosts',
    access: 'platform-administrator',
    params: one,
    query,
    status: 200,
    answer: HostView,
    errors: ['host.not-found'],
  });

export const hosts = {
  list: endpoint({
    method: 'get',
    path: '/v1/hosts',
    summary: 'List hosts',
    tag: 'hosts',
    access: 'platform-administrator',
    query: page,
    status: 200,
    answer: pageOf(HostView),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/hosts/:id',
    summary: 'Show a host',
    tag: 'hosts',
    access: 'platform-administrator',
    params: one,
    query: asOf,
    status: 200,
    answer: HostView,
    errors: ['host.not-found'],
  }),
  cordon: hostVerb('cordon', 'Place nothing new on a host'),
  uncordon: hostVerb('uncordon', 'Place new instances on a host again'),
};

// ── Networks ─────────────────────────────────────────────────────

export const NetworkView = z.object({
  id: z.string(),
  ...thing,
  type: z.literal('nat'),
  cidr: z.string(),
  gateway: z.string(),
  addressesUsed: z.number(),
  addressesFree: z.number(),
});
export type NetworkView = z.infer<typeof NetworkView>;

export const networks = {
  list: endpoint({
    method: 'get',
    path: '/v1/networks',
    summary: 'List networks',
    tag: 'networks',
    access: 'viewer',
    query: page,
    status: 200,
    answer: pageOf(NetworkView),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/networks/:id',
    summary: 'Show a network',
    tag: 'networks',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: NetworkView,
    errors: ['network.not-found'],
  }),
};

// ── Volumes and pools ────────────────────────────────────────────

export const VolumeView = z.object({
  id: z.string(),
  ...thing,
  sizeGiB: z.number(),
  poolId: z.string(),
  image: z.string(),
  instanceId: z.string(),
});
export type VolumeView = z.infer<typeof VolumeView>;
export const PoolView = z.object({
  id: z.string(),
  ...thing,
  type: z.literal('directory'),
  hostId: z.string(),
  capacityGiB: z.number(),
  reservedGiB: z.number(),
});
export type PoolView = z.infer<typeof PoolView>;

export const volumes = {
  list: endpoint({
    method: 'get',
    path: '/v1/volumes',
    summary: 'List volumes: each instance has a root volume',
    tag: 'volumes',
    access: 'viewer',
    query: page,
    status: 200,
    answer: pageOf(VolumeView),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/volumes/:id',
    summary: 'Show a volume',
    tag: 'volumes',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: VolumeView,
    errors: ['volume.not-found'],
  }),
};
export const pools = {
  list: endpoint({
    method: 'get',
    path: '/v1/pools',
    summary: 'List storage pools: each host has one',
    tag: 'volumes',
    access: 'viewer',
    query: page,
    status: 200,
    answer: pageOf(PoolView),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/pools/:id',
    summary: 'Show a storage pool',
    tag: 'volumes',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: PoolView,
    errors: ['pool.not-found'],
  }),
};

// ── Quotas ───────────────────────────────────────────────────────

export const quotaResources = ['instances', 'vcpus', 'memoryMiB', 'diskGiB'] as const;
export type QuotaAmounts = Readonly<Record<(typeof quotaResources)[number], number>>;
const QuotaAmounts = z.object({ instances: z.number(), vcpus: z.number(), memoryMiB: z.number(), diskGiB: z.number() });
const limit = z.int().min(0).max(1e9).optional();
export const QuotaView = z.object({ tenantId: z.string(), limits: QuotaAmounts, used: QuotaAmounts });
export type QuotaView = z.infer<typeof QuotaView>;

export const quotas = {
  show: endpoint({
    method: 'get',
    path: '/v1/quota',
    summary: 'Show what the tenant may use and does use',
    tag: 'quotas',
    access: 'viewer',
    query: asOf,
    status: 200,
    answer: QuotaView,
    errors: [],
  }),
  set: endpoint({
    method: 'put',
    path: '/v1/quota',
    summary: 'Set limits; what is left out stays',
    tag: 'quotas',
    access: 'platform-administrator',
    query,
    body: z.strictObject({ instances: limit, vcpus: limit, memoryMiB: limit, diskGiB: limit }),
    status: 200,
    answer: QuotaView,
    errors: [],
  }),
};
