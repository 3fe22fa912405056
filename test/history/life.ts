import type { TestPlatform } from '../platform.js';

/** Numbers that are the same for the same seed. */
export const dice = (seed: number) => {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let it = Math.imul(state ^ (state >>> 15), 1 | state);
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it;
    return ((it ^ (it >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, oneOf: <T>(all: readonly [T, ...T[]]): T => all[below(all.length)] ?? all[0] };
};
export type Dice = ReturnType<typeof dice>;

const NAMES = ['web', 'db', 'cache', 'queue', 'mail', 'proxy'] as const;
export const TENANTS = ['admin', 'stranger'] as const;
export type Asker = (typeof TENANTS)[number];

/**
 * What two tenants, their administrator and the machines below them do in no order. Most of it is refused at some moment,
 * and much of it meets something that is under way.
 */
export class Life {
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(
    private readonly platform: TestPlatform,
    private readonly dice: Dice,
  ) {}

  /** Something is done; it goes on by itself. */
  step(): void {
    const doing = this.#deed().catch(() => undefined);
    this.#underWay.add(doing);
    void doing.finally(() => this.#underWay.delete(doing));
  }

  /** What was asked has been answered. */
  async quiet(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #deed(): Promise<unknown> {
    const { below, oneOf } = this.dice;
    const as = oneOf(TENANTS);
    const name = oneOf(NAMES);
    const ask = (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
      this.platform.ask(method, path, body, { as });
    const asRoot = (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
      this.platform.ask(method, path, body);
    const dice = below(100);
    if (dice < 35) return ask('POST', '/v1/instances', { name, image: 'tiny', flavor: 'nano', labels: { n: name } });
    if (dice < 65)
      return ask('POST', `/v1/instances/${name}/${oneOf(['start', 'stop', 'pause', 'resume', 'reboot'])}`, {});
    if (dice < 78) return ask('DELETE', `/v1/instances/${name}`);
    if (dice < 82) return ask('POST', '/v1/images', { recipe: oneOf(['tiny', 'debian-12']) });
    if (dice < 86) return asRoot('PUT', '/v1/quota', { instances: 3 + below(4) });
    if (dice < 89) return asRoot('POST', '/v1/flavors', { name: 'odd', vcpus: 1, memoryMiB: 256, diskGiB: 1 });
    if (dice < 91) return asRoot('DELETE', '/v1/flavors/odd');
    if (dice < 95) return asRoot('POST', `/v1/hosts/host-${1 + below(3)}/${oneOf(['cordon', 'uncordon'])}`, {});
    if (dice < 96) return asRoot('PUT', '/v1/settings', { keepDeletedSeconds: below(2) * 60 });
    if (dice < 97) return ask('POST', `/v1/instances/${name}/restore`, {});
    if (dice < 98) return this.#callOff(as);
    return this.#accident();
  }

  async #callOff(as: Asker): Promise<unknown> {
    const { body } = await this.platform.ask('GET', '/v1/operations?status=running&pageSize=1', undefined, { as });
    const [operation] = (body as { items: { id: string }[] }).items; // a page, by contract
    return operation && this.platform.ask('POST', `/v1/operations/${operation.id}/cancel`, undefined, { as });
  }

  async #accident(): Promise<void> {
    const host = this.platform.hosts[this.dice.below(this.platform.hosts.length)];
    const ids = [...(host?.world.guests.rows() ?? [])].map(({ spec }) => spec.instanceId);
    const id = ids[this.dice.below(Math.max(1, ids.length))];
    if (id !== undefined) host?.crash(id);
  }
}
