import { Controller } from '@nestjs/common';
import { images } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { streamName } from '@strata/event-store';
import type { Moment } from '@strata/event-store';
import { Asked, Moments, Implement, problem } from '@strata/http';
import { Operations } from '../operation/operations.service.js';
import { Commands } from '../rules.js';
import { BuildImage, image, imageIdOf, recipeOf, recipes } from './image.js';
import { shownImage } from './image.view.js';

@Controller()
export class ImageHttp {
  constructor(
    private readonly commands: Commands,
    private readonly operations: Operations,
    private readonly moments: Moments,
  ) {}

  /** Each recipe is an image, built or not: there are few, so a page holds them all. */
  @Implement(images.list)
  async list(@Asked(images.list) { query }: Asked<typeof images.list>) {
    const moment = await this.moments.at(query.at);
    const items = await Promise.all(Object.keys(recipes).map((recipe) => this.#at(moment, recipe)));
    return this.moments.shown({ items, nextPageToken: null }, moment);
  }

  @Implement(images.show)
  async show(@Asked(images.show) { params, query }: Asked<typeof images.show>) {
    const recipe = recipeOf(params.id);
    if (recipe === undefined) throw problem('image.not-found', `there is no image "${params.id}"`);
    const moment = await this.moments.at(query.at);
    return this.moments.shown(await this.#at(moment, recipe), moment);
  }

  @Implement(images.build)
  async build(@Asked(images.build) asked: Asked<typeof images.build>) {
    const { body, meta, mint, validateOnly, since } = asked;
    const before = await this.operations.again(asked);
    if (before) return before;
    const recipe = recipeOf(body.recipe);
    if (recipe === undefined) throw problem('image.unknown-recipe', `there is no recipe "${body.recipe}"`);
    const operationId = mint('op');
    const imageId = imageIdOf(recipe);
    const done = await this.commands.execute(new BuildImage({ imageId, operationId, recipe }, meta), validateOnly);
    return this.operations.begun(
      done,
      {
        id: operationId,
        name: 'build-image',
        resource: { type: 'image', id: imageId },
        tenantId: meta.tenantId,
        since,
      },
      validateOnly,
    );
  }

  async #at(moment: Moment, recipe: string) {
    const id = imageIdOf(recipe);
    return shownImage(id, recipe, await moment.state(image, streamName(image, id, PLATFORM)));
  }
}
