import { Injectable } from '@nestjs/common';
import type { InstanceSpec } from '@strata/contracts';
import { problem } from '@strata/http';
import { recipeOf, recipes } from '../image/image.js';
import { EVERYBODYS_NETWORK } from '../network/network.js';
import { Views } from '../views.js';
import type { Spec } from './instance-state.js';

/** From what people write to what the rules know: names to things, flavors to sizes. */
@Injectable()
export class InstanceSpecs {
  constructor(private readonly views: Views) {}

  /** @throws ProblemError when an image, flavor or network is not there, or the image does not fit the size */
  async of(body: InstanceSpec, tenantId: string): Promise<Spec> {
    const recipe = recipeOf(body.image);
    const needs = recipe === undefined ? undefined : recipes[recipe];
    if (recipe === undefined || !needs) throw problem('image.not-found', `there is no image "${body.image}"`);
    const size = await this.#sizeOf(body, tenantId);
    if (size.memoryMiB < needs.minMemoryMiB || size.diskGiB < needs.minDiskGiB)
      throw problem(
        'request.invalid',
        `the image ${recipe} needs ${needs.minMemoryMiB} MiB of memory and ${needs.minDiskGiB} GiB of disk at least`,
      );
    const networkId = await this.#networkOf(body.network, tenantId);
    return { image: recipe, recipe, ...size, networkId, sshKeys: body.sshKeys, labels: body.labels };
  }

  async #sizeOf({ flavor, vcpus, memoryMiB, diskGiB }: InstanceSpec, tenantId: string) {
    const offered = flavor === undefined ? undefined : await this.views.flavors.of(tenantId).get(flavor);
    if (flavor !== undefined && !offered) throw problem('flavor.not-found', `there is no flavor "${flavor}"`);
    // The contract asks for a flavor or for all three amounts; amounts beside a flavor change that part of it.
    return {
      vcpus: vcpus ?? offered?.vcpus ?? 1,
      memoryMiB: memoryMiB ?? offered?.memoryMiB ?? 0,
      diskGiB: diskGiB ?? offered?.diskGiB ?? 0,
    };
  }

  async #networkOf(idOrName: string, tenantId: string): Promise<string> {
    const networks = this.views.networks.of(tenantId);
    const everybodys = idOrName === 'default' ? await networks.get(EVERYBODYS_NETWORK) : undefined;
    const { rows } = await networks.list({ limit: 1000 });
    const found = everybodys ?? rows.find((row) => row.id === idOrName || row.name === idOrName);
    if (!found) throw problem('network.not-found', `there is no network "${idOrName}"`);
    return found.id;
  }
}
