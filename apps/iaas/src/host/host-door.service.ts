import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import type { HostDescription, HostServices, InstanceWish, Sights, Wishes } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import type { Meta } from '@strata/event-sourcing';
import { Aggregates, Clock, RejectedError, streamName } from '@strata/event-store';
import { problem } from '@strata/http';
import { v7 as uuid } from 'uuid';
import { ReportImage } from '../image/image.js';
import { ReportInstance } from '../instance/instance-sight.js';
import type { InstanceRow } from '../instance/instance.view.js';
import { CreateNetwork, EVERYBODYS_NETWORK, EVERYBODYS_NETWORK_NAME, ReportNetwork } from '../network/network.js';
import { Commands } from '../rules.js';
import { Views } from '../views.js';
import { ConnectHost, FLEET, LoseHost, fleet } from './fleet.js';
import type { Overcommit } from './fleet.js';

type Nudge = (instanceIds: readonly string[] | undefined) => void;

/** How long agents may take to come back before their guests are said to be unknown. */
const PATIENCE = 30_000;

/** The network that every tenant finds, until it makes its own. */
const DEFAULT_NETWORK = { networkId: EVERYBODYS_NETWORK, name: EVERYBODYS_NETWORK_NAME, type: 'nat' } as const;

/** Simulated guests have no address that could clash, and there may be a hundred thousand of them. */
const SIMULATED_RANGE = '10.128.0.0/12';

/** Guests rarely want all of their processors at once, and always want all of their memory. */
const OVERCOMMIT: Overcommit = { vcpus: 16, memory: 1, reservedMemoryMiB: 1024 };

/** Where the agents of hosts come in: wishes go out, sights come in. It is the agents' `ControlPlane`. */
@Injectable()
export class HostDoor implements OnModuleDestroy {
  readonly #logger = new Logger(HostDoor.name);
  #stop = () => {};
  readonly #services = new Map<string, HostServices>();
  readonly #listeners = new Map<string, Nudge>();
  readonly #lastSeen = new Map<string, string>();
  /** The wish that each host was last told of: an observation alone is no reason to look again. */
  readonly #told = new Map<string, string>();

  constructor(
    private readonly commands: Commands,
    private readonly aggregates: Aggregates,
    private readonly views: Views,
    private readonly clock: Clock,
  ) {
    views.instances.onChange((ids) => this.#later(this.#nudge(ids)));
    views.images.onChange(() => this.#later(this.#nudgeForImages()));
  }

  /** A control plane that starts has no agents yet: their hosts are placed on again when they come back. */
  async open(): Promise<void> {
    for (const hostId of await this.#connectedHosts()) {
      await this.commands.report(new LoseHost({ hostId }, this.#own(hostId)));
    }
    this.#stop = this.clock.after(PATIENCE, () => this.#later(this.#admitIgnorance()));
  }

  onModuleDestroy() {
    this.#stop();
  }

  async connect(host: HostDescription, services: HostServices): Promise<{ epoch: number }> {
    const { hostId } = host;
    const meta = this.#meta(hostId, { tenantId: PLATFORM, correlationId: hostId, causationId: hostId });
    await this.commands.report(new ConnectHost({ host, overcommit: OVERCOMMIT }, meta));
    const cidr = host.driver === 'simulated' ? SIMULATED_RANGE : host.freeRange;
    const network = new CreateNetwork({ ...DEFAULT_NETWORK, cidr }, { ...meta, commandId: uuid() });
    const { events } = await this.commands.report(network);
    // Whoever asks for an instance from now on finds the network.
    await this.views.networks.waitFor(events.at(-1)?.position ?? 0);
    const { state } = await this.aggregates.load(fleet, streamName(fleet, FLEET, PLATFORM));
    this.#services.set(hostId, services);
    this.#lastSeen.set(hostId, this.clock.now());
    return { epoch: state.hosts.get(hostId)?.epoch ?? 1 };
  }

  async wishes(hostId: string, instanceIds?: readonly string[]): Promise<Wishes> {
    this.#lastSeen.set(hostId, this.clock.now());
    const rows = instanceIds
      ? [...(await this.views.instances.getMany(instanceIds)).values()]
      : await this.#rowsOf(hostId);
    const instances = rows.flatMap((row) => wishOf(row, hostId));
    const needed = instances.map(({ spec }) => spec.lease.networkId);
    const networks = instanceIds
      ? [...(await this.views.networks.getMany([...new Set(needed)])).values()]
      : (await this.views.networks.list({ limit: 1000 })).rows;
    return {
      instances,
      networks: networks.map(({ id: networkId, name, cidr }) => ({
        networkId,
        name,
        type: 'nat',
        cidr,
        presence: 'present',
      })),
      images: await this.#imageWishes((await this.#builder()) === hostId),
    };
  }

  async report(hostId: string, sights: Sights): Promise<void> {
    this.#lastSeen.set(hostId, this.clock.now());
    const rows = await this.views.instances.getMany(sights.instances.map((it) => it.instanceId));
    await Promise.all([
      ...sights.instances.map(async (sight) => {
        const row = rows.get(sight.instanceId);
        if (!row) return;
        const cause = row.task ? row.cause : { correlationId: hostId, causationId: hostId };
        const meta = this.#meta(hostId, { tenantId: row.tenantId, ...cause });
        await this.commands.report(new ReportInstance({ instanceId: sight.instanceId, hostId, sight }, meta));
      }),
      ...sights.networks.map((sight) =>
        this.commands.report(new ReportNetwork({ networkId: sight.networkId, hostId, sight }, this.#own(hostId))),
      ),
      ...sights.images.map(async (sight) => {
        const itself = { tenantId: PLATFORM, correlationId: hostId, causationId: hostId };
        // Whoever began the build may read what came of it, as long as nobody else waits for it.
        const { cause = itself } = (await this.views.images.get(sight.imageId)) ?? {};
        if (await this.#reportImage(sight, this.#meta(hostId, cause))) return;
        await this.#reportImage(sight, this.#meta(hostId, { ...cause, tenantId: PLATFORM }));
      }),
    ]);
  }

  /** @returns whether the rules let it be told in the name of that tenant */
  async #reportImage(sight: Sights['images'][number], meta: Meta): Promise<boolean> {
    try {
      await this.commands.report(new ReportImage({ imageId: sight.imageId, sight }, meta));
      return true;
    } catch (error) {
      if (error instanceof RejectedError) return false;
      throw error;
    }
  }

  onNudge(hostId: string, listener: Nudge): () => void {
    this.#listeners.set(hostId, listener);
    return () => void this.#listeners.delete(hostId);
  }

  /** What a host answers at once. @throws ProblemError when its agent is not connected */
  servicesOf(hostId: string | undefined): HostServices {
    const services = hostId === undefined ? undefined : this.#services.get(hostId);
    if (!services) throw problem('instance.unreachable', 'the agent of its host is not connected');
    return services;
  }

  lastSeen(hostId: string): string | undefined {
    return this.#lastSeen.get(hostId);
  }

  async #connectedHosts(): Promise<readonly string[]> {
    const { state } = await this.aggregates.load(fleet, streamName(fleet, FLEET, PLATFORM));
    return [...state.hosts.values()].filter((it) => it.connected).map((it) => it.hostId);
  }

  /** Nobody speaks for these guests: what was last seen of them is no longer known to be so. */
  async #admitIgnorance(): Promise<void> {
    const { state } = await this.aggregates.load(fleet, streamName(fleet, FLEET, PLATFORM));
    for (const { hostId, connected } of state.hosts.values()) {
      if (connected) continue;
      for (const { id: instanceId, tenantId, sight, cause } of await this.#rowsOf(hostId)) {
        const unknown = {
          ...sight,
          instanceId,
          generation: sight.generation + 1,
          power: 'unknown',
          disk: 'unknown',
        } as const;
        const report = {
          ...unknown,
          guestAgent: false,
          reason: 'the agent of its host is not connected',
          problem: null,
          calls: [],
        };
        const meta = this.#meta(hostId, { tenantId, ...cause });
        await this.commands.report(new ReportInstance({ instanceId, hostId, sight: report }, meta));
      }
    }
  }

  async #rowsOf(hostId: string): Promise<readonly InstanceRow[]> {
    const all: InstanceRow[] = [];
    for (let after: string | undefined; ;) {
      const { rows, next } = await this.views.instances.list({
        where: { hostId },
        limit: 1000,
        ...(after !== undefined && { after }),
      });
      all.push(...rows);
      if (next === undefined) return all;
      after = next;
    }
  }

  /** What the builder shall build; the others have in stock what it has built, before the first guest needs it. */
  async #imageWishes(isBuilder: boolean) {
    const { rows } = await this.views.images.list({ where: { building: isBuilder }, limit: 100 });
    return rows.flatMap(({ id: imageId, recipe }) => (recipe === null ? [] : [{ imageId, recipe }]));
  }

  /** One host builds for all: the first by id that is connected to this process. */
  async #builder(): Promise<string | undefined> {
    return [...this.#services.keys()].toSorted()[0];
  }

  /** What fails here is made up for: agents look at everything from time to time, told or not. */
  #later(work: Promise<void>): void {
    work.catch((error: unknown) => this.#logger.warn(`agents could not be told: ${String(error)}`));
  }

  async #nudge(ids: readonly string[]): Promise<void> {
    const byHost = new Map<string, string[]>();
    const rows = await this.views.instances.getMany(ids);
    for (const id of ids) {
      const row = rows.get(id);
      if (!row?.placement) {
        this.#told.delete(id);
        continue;
      }
      const { presence, revision, power } = row.wish;
      const wish = `${row.placement.hostId} ${presence} ${revision} ${power}`;
      if (this.#told.get(id) === wish) continue;
      this.#told.set(id, wish);
      const known = byHost.get(row.placement.hostId);
      if (known) known.push(id);
      else byHost.set(row.placement.hostId, [id]);
    }
    for (const [hostId, instanceIds] of byHost) this.#listeners.get(hostId)?.(instanceIds);
  }

  /** The builder has something to build, or the others have something to take into stock. */
  async #nudgeForImages(): Promise<void> {
    const wished = JSON.stringify([await this.#imageWishes(true), await this.#imageWishes(false)]);
    if (this.#told.get('images') === wished) return;
    this.#told.set('images', wished);
    for (const nudge of this.#listeners.values()) nudge(undefined);
  }

  #own = (hostId: string) => this.#meta(hostId, { tenantId: PLATFORM, correlationId: hostId, causationId: hostId });

  #meta(hostId: string, about: Pick<Meta, 'tenantId' | 'correlationId' | 'causationId'>): Meta {
    return { commandId: uuid(), at: this.clock.now(), actor: hostId, ...about };
  }
}

const wishOf = (
  { id, tenantId, name, placement, wish, sight, built, spec }: InstanceRow,
  hostId: string,
): InstanceWish[] => {
  if (placement?.hostId !== hostId) return [];
  const { vcpus, memoryMiB, diskGiB, sshKeys } = spec;
  const { lease, digest } = placement;
  return [
    {
      instanceId: id,
      tenantId,
      name,
      ...wish,
      applied: sight.applied,
      built,
      spec: {
        vcpus,
        memoryMiB,
        diskGiB,
        image: { digest, recipe: spec.recipe },
        lease,
        firstBoot: { hostname: name, sshKeys },
      },
    },
  ];
};
