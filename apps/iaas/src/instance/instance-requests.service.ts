import { Injectable } from '@nestjs/common';
import type { InstanceSpec } from '@strata/contracts';
import type { Meta } from '@strata/event-sourcing';
import { Aggregates, streamName } from '@strata/event-store';
import { ProblemError, problem } from '@strata/http';
import { v5 as uuidFrom } from 'uuid';
import { recipeOf, recipes } from '../image/image.js';
import { quota } from '../quota/quota.js';
import { Views } from '../views.js';
import { instance } from './instance.js';
import { exists } from './instance-state.js';
import type { ExistingInstance, Spec } from './instance-state.js';

/** From what people write to what the rules know: names to things, sizes, and the words for what a host cannot do. */
@Injectable()
export class InstanceRequests {
  constructor(
    private readonly aggregates: Aggregates,
    private readonly views: Views,
  ) {}

  /** By id or name, of this tenant only: another tenant's id answers exactly as an unknown one. @throws ProblemError */
  async find(idOrName: string, tenantId: string): Promise<Readonly<{ id: string; it: ExistingInstance }>> {
    const id = idOrName.startsWith('inst_') ? idOrName : ((await this.#idOf(idOrName, tenantId)) ?? idOrName);
    const { state } = await this.aggregates.load(instance, streamName(instance, id));
    if (!exists(state) || state.tenantId !== tenantId)
      throw problem('instance.not-found', `there is no instance "${idOrName}"`);
    return { id, it: state };
  }

  /** @throws ProblemError when an image, flavor or network is not there, or the image does not fit the size */
  async specOf(body: InstanceSpec, tenantId: string): Promise<Spec> {
    const recipe = recipeOf(body.image);
    const needs = recipe === undefined ? undefined : recipes[recipe];
    if (recipe === undefined || !needs) throw problem('image.not-found', `there is no image "${body.image}"`);
    const size = await this.#sizeOf(body);
    if (size.memoryMiB < needs.minMemoryMiB || size.diskGiB < needs.minDiskGiB)
      throw problem(
        'request.invalid',
        `the image ${recipe} needs ${needs.minMemoryMiB} MiB of memory and ${needs.minDiskGiB} GiB of disk at least`,
      );
    const networkId = await this.#networkOf(body.network, tenantId);
    return { image: recipe, recipe, ...size, networkId, sshKeys: body.sshKeys, labels: body.labels };
  }

  /** The meta of a second command of one request, on another stream: an id of its own that follows from the first. */
  beside(meta: Meta, what: string): Meta {
    return { ...meta, commandId: uuidFrom(what, meta.commandId) };
  }

  /** A guest that cannot be reached is the asker's to know; anything else is ours. @throws ProblemError */
  async reach<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw problem('instance.unreachable', error instanceof Error ? error.message : 'the guest cannot be reached');
    }
  }

  /** The reservation knows a name before any view does; an instance that failed has no reservation any more. */
  async #idOf(name: string, tenantId: string): Promise<string | undefined> {
    const { state } = await this.aggregates.load(quota, streamName(quota, tenantId));
    const reserved = state.names.get(name);
    if (reserved !== undefined) return reserved;
    const { rows } = await this.views.instances.list({
      where: { tenantId, name },
      orderBy: ['createdAt'],
      direction: 'descending',
      limit: 1,
    });
    return rows[0]?.id;
  }

  async #sizeOf({ flavor, vcpus, memoryMiB, diskGiB }: InstanceSpec) {
    const offered = flavor === undefined ? undefined : await this.views.flavors.get(flavor);
    if (flavor !== undefined && !offered) throw problem('flavor.not-found', `there is no flavor "${flavor}"`);
    // The contract asks for a flavor or for all three amounts; amounts beside a flavor change that part of it.
    return {
      vcpus: vcpus ?? offered?.vcpus ?? 1,
      memoryMiB: memoryMiB ?? offered?.memoryMiB ?? 0,
      diskGiB: diskGiB ?? offered?.diskGiB ?? 0,
    };
  }

  async #networkOf(idOrName: string, tenantId: string): Promise<string> {
    const { rows } = await this.views.networks.list({ limit: 1000 });
    const mine = rows.filter((row) => row.tenantId === tenantId || row.id === 'net_default');
    const found = mine.find((row) => row.id === idOrName || row.name === idOrName);
    if (!found) throw problem('network.not-found', `there is no network "${idOrName}"`);
    return found.id;
  }
}
