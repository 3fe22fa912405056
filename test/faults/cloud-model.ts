/*
 * What a tenant may expect of instances and quotas, written down a second time, as simply as it can be said: no log, no
 * operations, no hosts, nothing takes time. R02 compares the product with it.
 */

export const flavors = { nano: { vcpus: 1, memoryMiB: 512 }, large: { vcpus: 4, memoryMiB: 8192 } } as const;
export type FlavorName = keyof typeof flavors;
export type PowerVerb = 'start' | 'stop' | 'pause' | 'resume' | 'reboot';
type Status = 'running' | 'stopped' | 'paused';

export type ModelInstance = Readonly<{ id: string; name: string; flavor: FlavorName; status: Status }>;
export type Limits = Readonly<{ instances: number; vcpus: number }>;
/** What the API answers: a status of HTTP and, where it is a refusal, the code of the problem. */
export type Expected = Readonly<{ status: number; code?: string }>;

const verbs: Readonly<Record<PowerVerb, Readonly<{ from: readonly Status[]; to: Status }>>> = {
  start: { from: ['stopped'], to: 'running' },
  stop: { from: ['running', 'paused'], to: 'stopped' },
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  reboot: { from: ['running'], to: 'running' },
};

const accepted: Expected = { status: 202 };
const refused = (status: number, code: string): Expected => ({ status, code });

export type Tenancy = { limits: Limits; instances: ModelInstance[] };

export class CloudModel {
  readonly #tenants = new Map<string, Tenancy>();
  /** Ids that were chosen for an instance that came to be, and by whom: for good. */
  readonly #chosen = new Map<string, string>();
  /** The ids of those that were deleted. */
  readonly #gone = new Set<string>();

  constructor(tenants: readonly string[], limits: Limits) {
    for (const tenant of tenants) this.#tenants.set(tenant, { limits, instances: [] });
  }

  of(tenant: string): Tenancy {
    const found = this.#tenants.get(tenant);
    if (!found) throw new Error(`the model has no tenant ${tenant}`);
    return found;
  }

  used(tenant: string): Limits {
    const { instances } = this.of(tenant);
    const vcpus = instances.reduce((sum, { flavor }) => sum + flavors[flavor].vcpus, 0);
    return { instances: instances.length, vcpus };
  }

  /** By name or id, the tenant's own only. */
  find(tenant: string, nameOrId: string): ModelInstance | undefined {
    return this.of(tenant).instances.find(({ id, name }) => id === nameOrId || name === nameOrId);
  }

  create(tenant: string, name: string, flavor: FlavorName, chosen?: string): Expected {
    const owner = chosen === undefined ? undefined : this.#chosen.get(chosen);
    if (owner !== undefined && owner !== tenant) return refused(409, 'instance.exists');
    const same = chosen === undefined ? undefined : this.find(tenant, chosen);
    if (same) return same.name === name && same.flavor === flavor ? accepted : refused(409, 'instance.exists');

    const { limits, instances } = this.of(tenant);
    if (instances.some((it) => it.name === name)) return refused(409, 'instance.name-taken');
    const used = this.used(tenant);
    if (used.instances + 1 > limits.instances || used.vcpus + flavors[flavor].vcpus > limits.vcpus) {
      return refused(403, 'quota.exceeded');
    }
    // An id is one instance's, also after its end.
    if (chosen !== undefined && this.#gone.has(chosen)) return refused(409, 'instance.exists');
    if (chosen !== undefined) this.#chosen.set(chosen, tenant);
    return accepted;
  }

  /** What follows from a creation that was accepted, once it is known under which id. */
  created(tenant: string, instance: Omit<ModelInstance, 'status'>): void {
    if (!this.find(tenant, instance.id)) this.of(tenant).instances.push({ ...instance, status: 'running' });
  }

  change(tenant: string, nameOrId: string, verb: PowerVerb): Expected {
    const found = this.find(tenant, nameOrId);
    if (!found) return refused(404, 'instance.not-found');
    const { from, to } = verbs[verb];
    // To ask for what is so already is no fault; a restart never is so already.
    if (found.status === to && verb !== 'reboot') return accepted;
    if (!from.includes(found.status)) return refused(409, 'instance.wrong-state');
    this.#put(tenant, { ...found, status: to });
    return accepted;
  }

  remove(tenant: string, nameOrId: string): Expected {
    const found = this.find(tenant, nameOrId);
    if (!found) return refused(404, 'instance.not-found');
    const tenancy = this.of(tenant);
    tenancy.instances = tenancy.instances.filter((it) => it !== found);
    this.#gone.add(found.id);
    return accepted;
  }

  limit(tenant: string, limits: Limits): void {
    this.of(tenant).limits = limits;
  }

  #put(tenant: string, changed: ModelInstance): void {
    const tenancy = this.of(tenant);
    tenancy.instances = tenancy.instances.map((it) => (it.id === changed.id ? changed : it));
  }
}
