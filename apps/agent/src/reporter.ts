import type { ImageSight, InstanceSight, NetworkSight, Sights } from '@strata/contracts';
import type { Clock } from './clock.js';
import { Outbox } from './outbox.js';
import { Pump } from './pump.js';

/** A sight as workers offer it: the reporter counts its generation. */
export type Unnumbered<Sight> = Sight extends unknown ? Omit<Sight, 'generation'> : never;

/** Every epoch has room for this many sights. */
const SIGHTS_PER_EPOCH = 1_000_000_000;

const DELIVER_AGAIN_MS = 1_000;

/**
 * Tells the control plane what was seen. One report is under way at a time; what is offered meanwhile travels together in
 * the next one. A report that fails is repeated until it is kept, with newer sights in place of older ones.
 */
export class Reporter {
  readonly #instances = new Outbox<InstanceSight>(
    ({ instanceId }) => instanceId,
    ({ generation: _, calls: __, ...news }) => news,
    (older, newer) => ({ ...newer, calls: [...older.calls, ...newer.calls] }),
  );
  readonly #networks = new Outbox<NetworkSight>(
    ({ networkId }) => networkId,
    ({ generation: _, ...news }) => news,
  );
  readonly #images = new Outbox<ImageSight>(
    ({ imageId }) => imageId,
    ({ generation: _, ...news }) => news,
  );
  readonly #pump: Pump;
  #generation = 0;

  constructor(
    private readonly send: (sights: Sights) => Promise<void>,
    clock: Clock,
    warn: (message: string, cause: unknown) => void,
  ) {
    const failed = (cause: unknown) => warn('the control plane did not take a report; it will be sent again', cause);
    this.#pump = new Pump(() => this.#deliver(), failed, clock, DELIVER_AGAIN_MS);
  }

  /** From now on generations count from the start of this epoch. */
  begin(epoch: number): void {
    this.#generation = epoch * SIGHTS_PER_EPOCH;
  }

  /** Offers a sight; `repeat` reports it even when it says nothing new. Answers whether it will be reported. */
  instance(sight: Unnumbered<InstanceSight>, repeat: boolean): boolean {
    return this.#wake(this.#instances.offer({ ...sight, generation: this.#next() }, repeat));
  }

  network(sight: Unnumbered<NetworkSight>, repeat: boolean): boolean {
    return this.#wake(this.#networks.offer({ ...sight, generation: this.#next() }, repeat));
  }

  image(sight: Unnumbered<ImageSight>, repeat: boolean): boolean {
    return this.#wake(this.#images.offer({ ...sight, generation: this.#next() }, repeat));
  }

  forgetInstance(instanceId: string): void {
    this.#instances.forget(instanceId);
  }

  /** Resolves when nothing is being sent. What could not be delivered until then is seen again by the next agent. */
  stop(): Promise<void> {
    return this.#pump.stop();
  }

  #next(): number {
    this.#generation += 1;
    return this.#generation;
  }

  #wake(taken: boolean): boolean {
    if (taken) this.#pump.ring();
    return taken;
  }

  async #deliver(): Promise<void> {
    const instances = this.#instances.take();
    const networks = this.#networks.take();
    const images = this.#images.take();
    if (instances.length + networks.length + images.length === 0) return;
    try {
      await this.send({ instances, networks, images });
    } catch (error) {
      this.#instances.putBack(instances);
      this.#networks.putBack(networks);
      this.#images.putBack(images);
      throw error;
    }
  }
}
