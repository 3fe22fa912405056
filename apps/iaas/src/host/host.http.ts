import { Controller } from '@nestjs/common';
import { hosts, pools } from '@strata/contracts';
import type { HostView, PoolView } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { Aggregates, streamName } from '@strata/event-store';
import { Asked, Implement, pageTokenOf, problem, readPageToken } from '@strata/http';
import { Commands } from '../rules.js';
import { CordonHost, FLEET, UncordonHost, fleet } from './fleet.js';
import type { Host } from './fleet.js';
import { HostDoor } from './host-door.service.js';
import { shownHost } from './host.view.js';

@Controller()
export class HostHttp {
  constructor(
    private readonly commands: Commands,
    private readonly aggregates: Aggregates,
    private readonly door: HostDoor,
  ) {}

  @Implement(hosts.list)
  async list(@Asked(hosts.list) { query }: Asked<typeof hosts.list>) {
    return page('hosts', query, await this.#hosts(), (host) => this.#shown(host));
  }

  @Implement(hosts.show)
  async show(@Asked(hosts.show) { params }: Asked<typeof hosts.show>): Promise<HostView> {
    return this.#shown(await this.#find(params.id));
  }

  @Implement(hosts.cordon)
  async cordon(@Asked(hosts.cordon) { params, meta, validateOnly }: Asked<typeof hosts.cordon>): Promise<HostView> {
    const { hostId } = await this.#find(params.id);
    await this.commands.execute(new CordonHost({ hostId }, meta), validateOnly);
    return this.#shown(await this.#find(hostId));
  }

  @Implement(hosts.uncordon)
  async uncordon(
    @Asked(hosts.uncordon) { params, meta, validateOnly }: Asked<typeof hosts.uncordon>,
  ): Promise<HostView> {
    const { hostId } = await this.#find(params.id);
    await this.commands.execute(new UncordonHost({ hostId }, meta), validateOnly);
    return this.#shown(await this.#find(hostId));
  }

  @Implement(pools.list)
  async listPools(@Asked(pools.list) { query }: Asked<typeof pools.list>) {
    return page('pools', query, await this.#hosts(), shownPool);
  }

  @Implement(pools.show)
  async showPool(@Asked(pools.show) { params }: Asked<typeof pools.show>): Promise<PoolView> {
    const pool = (await this.#hosts()).map(shownPool).find((it) => it.id === params.id || it.name === params.id);
    if (!pool) throw problem('pool.not-found', `there is no storage pool "${params.id}"`);
    return pool;
  }

  async #hosts(): Promise<readonly Host[]> {
    const { state } = await this.aggregates.load(fleet, streamName(fleet, FLEET, PLATFORM));
    return [...state.hosts.values()].toSorted((a, b) => (a.hostId < b.hostId ? -1 : 1));
  }

  async #find(idOrName: string): Promise<Host> {
    const host = (await this.#hosts()).find((it) => it.hostId === idOrName || it.description.name === idOrName);
    if (!host) throw problem('host.not-found', `there is no host "${idOrName}"`);
    return host;
  }

  #shown(host: Host): HostView {
    return shownHost(host, this.door.lastSeen(host.hostId));
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

/** Hosts are in memory already, in order of id: a page is a slice behind the last id that was shown. */
const page = <Shown extends { id: string }>(
  name: string,
  { pageSize, pageToken }: Readonly<{ pageSize: number; pageToken?: string | undefined }>,
  all: readonly Host[],
  show: (host: Host) => Shown,
) => {
  const after = pageToken === undefined ? '' : readPageToken(name, pageToken);
  const rest = all.filter((host) => host.hostId > after);
  const items = rest.slice(0, pageSize);
  const last = items.at(-1);
  return {
    items: items.map(show),
    nextPageToken: last && rest.length > pageSize ? pageTokenOf(name, last.hostId) : null,
  };
};
