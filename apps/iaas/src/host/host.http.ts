import { Controller } from '@nestjs/common';
import { hosts, pools } from '@strata/contracts';
import type { HostView, PoolView } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { streamName } from '@strata/event-store';
import type { Moment } from '@strata/event-store';
import { Asked, Moments, Implement, problem } from '@strata/http';
import { Commands } from '../rules.js';
import { CordonHost, FLEET, UncordonHost, fleet } from './fleet.js';
import type { Host } from './fleet.js';
import { HostDoor } from './host-door.service.js';
import { shownHost } from './host.view.js';

@Controller()
export class HostHttp {
  constructor(
    private readonly commands: Commands,
    private readonly moments: Moments,
    private readonly door: HostDoor,
  ) {}

  @Implement(hosts.list)
  async list(@Asked(hosts.list) { query }: Asked<typeof hosts.list>) {
    return this.moments.page('hosts', query, hostsAt, (host, moment) => this.#shown(host, moment));
  }

  @Implement(hosts.show)
  async show(@Asked(hosts.show) { params, query }: Asked<typeof hosts.show>) {
    const moment = await this.moments.at(query.at);
    return this.moments.shown(this.#shown(await find(params.id, moment), moment), moment);
  }

  @Implement(hosts.cordon)
  async cordon(@Asked(hosts.cordon) { params, meta, validateOnly }: Asked<typeof hosts.cordon>): Promise<HostView> {
    const { hostId } = await find(params.id, await this.moments.now());
    await this.commands.execute(new CordonHost({ hostId }, meta), validateOnly);
    return this.#now(hostId);
  }

  @Implement(hosts.uncordon)
  async uncordon(
    @Asked(hosts.uncordon) { params, meta, validateOnly }: Asked<typeof hosts.uncordon>,
  ): Promise<HostView> {
    const { hostId } = await find(params.id, await this.moments.now());
    await this.commands.execute(new UncordonHost({ hostId }, meta), validateOnly);
    return this.#now(hostId);
  }

  @Implement(pools.list)
  async listPools(@Asked(pools.list) { query }: Asked<typeof pools.list>) {
    return this.moments.page('pools', query, hostsAt, shownPool);
  }

  @Implement(pools.show)
  async showPool(@Asked(pools.show) { params, query }: Asked<typeof pools.show>) {
    const moment = await this.moments.at(query.at);
    const pool = (await allAt(moment)).map(shownPool).find((it) => it.id === params.id || it.name === params.id);
    if (!pool) throw problem('pool.not-found', `there is no storage pool "${params.id}"`);
    return this.moments.shown(pool, moment);
  }

  async #now(hostId: string): Promise<HostView> {
    const moment = await this.moments.now();
    return this.#shown(await find(hostId, moment), moment);
  }

  #shown(host: Host, { then }: Moment): HostView {
    return shownHost(host, then ? null : (this.door.lastSeen(host.hostId) ?? host.connectedAt));
  }
}

/** Each host keeps the disks of its guests in one directory. */
const shownPool = ({ hostId, description, capacity, reserved, connectedAt }: Host): PoolView => ({
  id: poolIdOf(hostId),
  name: `${description.name}-disks`,
  status: 'active',
  task: null,
  statusReason: null,
  createdAt: connectedAt,
  labels: {},
  type: 'directory',
  hostId,
  capacityGiB: capacity.diskGiB,
  reservedGiB: reserved.diskGiB,
});

export const poolIdOf = (hostId: string) => hostId.replace(/^host_/, 'pool_');

/** In the order of their ids. */
const allAt = async (moment: Moment): Promise<readonly Host[]> => {
  const { hosts: all } = await moment.state(fleet, streamName(fleet, FLEET, PLATFORM));
  return [...all.values()].toSorted((a, b) => (a.hostId < b.hostId ? -1 : 1));
};

/** Hosts are in memory already: a page is a slice behind the last id that was shown. */
const hostsAt = async (moment: Moment, { limit, after = '' }: Readonly<{ limit: number; after?: string }>) => {
  const rest = (await allAt(moment)).filter((host) => host.hostId > after);
  const rows = rest.slice(0, limit);
  return { rows, next: rest.length > limit ? rows.at(-1)?.hostId : undefined, position: moment.position };
};

const find = async (idOrName: string, moment: Moment): Promise<Host> => {
  const host = (await allAt(moment)).find((it) => it.hostId === idOrName || it.description.name === idOrName);
  if (!host) throw problem('host.not-found', `there is no host "${idOrName}"`);
  return host;
};
