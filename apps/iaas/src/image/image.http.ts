import { Controller } from '@nestjs/common';
import { images } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { Aggregates, streamName } from '@strata/event-store';
import { Asked, Implement, problem } from '@strata/http';
import { Operations } from '../operation/operations.service.js';
import { Commands } from '../rules.js';
import { BuildImage, image, imageIdOf, recipeOf, recipes } from './image.js';
import { shownImage } from './image.view.js';

@Controller()
export class ImageHttp {
  constructor(
    private readonly commands: Commands,
    private readonly operations: Operations,
    private readonly aggregates: Aggregates,
  ) {}

  /** Each recipe is an image, built or not: there are few, so a page holds them all. */
  @Implement(images.list)
  async list(@Asked(images.list) _: Asked<typeof images.list>) {
    return { items: await Promise.all(Object.keys(recipes).map((recipe) => this.#shown(recipe))), nextPageToken: null };
  }

  @Implement(images.show)
  async show(@Asked(images.show) { params }: Asked<typeof images.show>) {
    const recipe = recipeOf(params.id);
    if (recipe === undefined) throw problem('image.not-found', `there is no image "${params.id}"`);
    return this.#shown(recipe);
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

  async #shown(recipe: string) {
    const id = imageIdOf(recipe);
    const { state } = await this.aggregates.load(image, streamName(image, id, PLATFORM));
    return shownImage(id, recipe, state);
  }
}
