import type { Cause } from '@strata/contracts';
import { idIn } from '@strata/event-store';
import type { Moment, Recorded } from '@strata/event-store';
import { validate } from 'uuid';
import { imageIdOf, recipeOf } from '../image/image.js';
import { EVERYBODYS_NETWORK, EVERYBODYS_NETWORK_NAME } from '../network/network.js';
import { causesOf } from './cause.published.js';
import { thingsIn } from './event.published.js';
import { findEvent } from './find-event.view.js';
import { nameIn } from './trail.view.js';
import type { Trails } from './trails.view.js';

/** A host's own reports have no end; of those, and of what is asked of one thing, the newest are told. */
const EFFECTS = 500;
const BEGINNINGS = 100;

type Why = Readonly<{ id: string; roots: readonly Cause[]; position: number }>;

/** Answers why: from a thing, an operation, a request or an event to all that began with it. */
export class WhyView {
  constructor(
    private readonly trails: Trails,
    /** The service whose log this is: `/iaas`. */
    private readonly source: string,
  ) {}

  /** No roots when the tenant has nothing of this id or name. */
  async why(tenantId: string, asked: string, moment: Moment): Promise<Why> {
    const position = await this.trails.upTo(moment);
    const event = validate(asked) ? await findEvent(this.trails.log, asked) : undefined;
    if (event) {
      const isTold = event.meta.tenantId === tenantId && event.position <= position;
      const roots = isTold ? await this.#from(tenantId, [event.meta.correlationId], event.id, position) : [];
      return { id: asked, roots, position };
    }
    const id = await this.#idOf(tenantId, asked, position);
    const roots = await this.#from(tenantId, await this.#beginningsOf(tenantId, id, position), id, position);
    return { id, roots, position };
  }

  /** What began with it; of a thing that only others speak of, such as an image, what these began with. */
  async #beginningsOf(tenantId: string, id: string, until: number): Promise<readonly string[]> {
    const [effects, beginnings] = await Promise.all([
      this.trails.lastEffectsOf(tenantId, id, until, 1),
      this.trails.lastBeginningsOf(tenantId, id, until, BEGINNINGS),
    ]);
    const began = [...(effects.length > 0 ? [id] : []), ...beginnings];
    if (began.length > 0) return began;
    const mentions = await this.trails.lastMentionsOf(tenantId, id, until, BEGINNINGS);
    return (await this.trails.eventsAt(mentions, tenantId)).map(({ meta }) => meta.correlationId);
  }

  async #from(tenantId: string, beginnings: readonly string[], id: string, until: number): Promise<readonly Cause[]> {
    const positions = await Promise.all(
      [...new Set(beginnings)].map((it) => this.trails.lastEffectsOf(tenantId, it, until, EFFECTS)),
    );
    const found = await this.trails.eventsAt(positions.flat(), tenantId);
    return causesOf(
      found.filter((event) => isAbout(event, id)),
      this.source,
    );
  }

  /** A name may have been given again, and means the one that has it now, or had it last. */
  async #idOf(tenantId: string, asked: string, until: number): Promise<string> {
    const mentions = await this.trails.lastMentionsOf(tenantId, asked, until, 10);
    const events = await this.trails.eventsAt(mentions, tenantId);
    const namer = events.findLast((event) => nameIn(event) === asked);
    if (namer) return idIn(namer.stream);
    const recipe = recipeOf(asked);
    if (recipe !== undefined) return imageIdOf(recipe);
    return asked === EVERYBODYS_NETWORK_NAME ? EVERYBODYS_NETWORK : asked;
  }
}

/** All that began with a request belongs together; what a host did by itself is told only as far as the thing goes. */
const isAbout = (event: Recorded, id: string) =>
  event.meta.correlationId.startsWith('req_') ||
  event.meta.correlationId === id ||
  event.id === id ||
  thingsIn(event).has(id);
