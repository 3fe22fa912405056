import type { ImageSight, ImageWish } from '@strata/contracts';
import { HypervisorError } from '@strata/hypervisor';
import type { Unnumbered } from './reporter.js';
import { backoff } from './workplace.js';
import type { Workplace } from './workplace.js';

const ATTEMPTS = 3;
/** Progress is for people: four times a second is as often as they can read. */
const PROGRESS_MS = 250;

/**
 * Builds the images that are wished, one at a time, because a build takes all that a host has. What was built or has failed
 * stays so until the wish is withdrawn.
 */
export class ImageWorker {
  readonly #waiting = new Map<string, ImageWish>();
  readonly #ended = new Map<string, Unnumbered<ImageSight>>();
  #building: string | undefined;
  #stopped = false;

  constructor(private readonly place: Pick<Workplace, 'hypervisor' | 'clock' | 'limits' | 'reporter' | 'warn'>) {}

  take(wishes: readonly ImageWish[], round: 'everything' | 'some'): void {
    if (round === 'everything') {
      const wished = new Set(wishes.map(({ imageId }) => imageId));
      for (const known of [this.#waiting, this.#ended]) {
        for (const imageId of known.keys()) if (!wished.has(imageId)) known.delete(imageId);
      }
    }
    for (const wish of wishes) {
      const ended = this.#ended.get(wish.imageId);
      if (ended) this.place.reporter.image(ended, round === 'everything');
      else if (wish.imageId !== this.#building) this.#waiting.set(wish.imageId, wish);
    }
    if (this.#building === undefined) void this.#buildAll();
  }

  /** The build that is under way ends by itself; what it made stays in the cache of the host. */
  stop(): void {
    this.#stopped = true;
  }

  async #buildAll(): Promise<void> {
    for (const [imageId, wish] of this.#waiting) {
      if (this.#stopped) return;
      this.#waiting.delete(imageId);
      this.#building = imageId;
      const sight = await this.#build(wish);
      this.#building = undefined;
      this.#ended.set(imageId, sight);
      this.place.reporter.image(sight, true);
    }
  }

  async #build({ imageId, recipe }: ImageWish): Promise<Unnumbered<ImageSight>> {
    const { hypervisor, clock, limits, warn } = this.place;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { digest, sizeMiB, virtualGiB } = await hypervisor.images.build(recipe, this.#progress(imageId));
        return { imageId, state: 'built', digest, sizeMiB, virtualGiB };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (!(error instanceof HypervisorError)) warn(`building image ${imageId} broke`, error);
        const hopeless = !(error instanceof HypervisorError) || error.outcome === 'refused';
        if (hopeless || attempt === ATTEMPTS) return { imageId, state: 'failed', message };
        this.place.reporter.image({ imageId, state: 'building', done: 0, total: 1, note: `again: ${message}` }, true);
        await new Promise<void>((resolve) => {
          clock.after(backoff(limits, attempt), resolve);
        });
        if (this.#stopped) return { imageId, state: 'failed', message };
      }
    }
  }

  #progress(imageId: string): (done: number, total: number, note: string) => void {
    let last = Number.NEGATIVE_INFINITY;
    return (done, total, note) => {
      const now = Date.parse(this.place.clock.now());
      if (now - last < PROGRESS_MS) return;
      last = now;
      this.place.reporter.image({ imageId, state: 'building', done, total, note }, false);
    };
  }
}
