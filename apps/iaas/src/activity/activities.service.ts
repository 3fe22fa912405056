import { Injectable } from '@nestjs/common';
import type { Activity, Operation } from '@strata/contracts';
import { EventStore, idIn, streamName } from '@strata/event-store';
import type { Moment, Recorded } from '@strata/event-store';
import { validate } from 'uuid';
import { findEvent } from '../event/find-event.view.js';
import { instance } from '../instance/instance.js';
import { Operations } from '../operation/operations.service.js';
import { whyNot } from '../undo/undo.js';
import { changesOf, kindOf } from './changes.view.js';
import { DEEDS, deedOf } from './deed.published.js';
import type { Deed } from './deed.published.js';
import { StreamStory } from './stream-story.view.js';

type Wanted = Readonly<{ tenantId: string; resource?: string | undefined; actor?: string | undefined }>;
type Range = Readonly<{ before: number; limit: number }>;

/** An event that stands for a request, and what was asked. */
export type Asked = Readonly<{ event: Recorded; deed: Deed }>;

type Progress = Readonly<Pick<Operation, 'status' | 'statusReason' | 'endedAt'>>;
const TO_COME: Progress = { status: 'running', statusReason: null, endedAt: null };

/** So many positions are looked at in one read, and for one page before it says "go on from here". */
const SPAN = 10_000;
const LOOKED_AT = 200_000;

/** What people asked for, as the log tells it: nothing of it is stored anywhere else. */
@Injectable()
export class Activities {
  constructor(
    private readonly store: EventStore,
    private readonly operations: Operations,
  ) {}

  /** Newest first, as of a moment. `next` is where to go on, while there is more to look at. */
  async page(
    wanted: Wanted,
    { before, limit }: Range,
    moment: Moment,
  ): Promise<Readonly<{ rows: readonly Activity[]; next: number | undefined }>> {
    const found: Asked[] = [];
    let next: number | undefined = Math.min(before, moment.position + 1);
    for (let looked = 0; looked < LOOKED_AT && next !== undefined && found.length <= limit; looked += SPAN) {
      const part: Readonly<{ asked: readonly Asked[]; next: number | undefined }> = await this.#below(next, wanted);
      found.push(...part.asked);
      next = part.next;
    }
    const shown = found.slice(0, limit);
    return {
      rows: await this.#activities(shown, wanted.tenantId, moment),
      next: found.length > limit ? shown.at(-1)?.event.position : next,
    };
  }

  /** By the id of the request, of its event or its operation, or of the thing of which it was the last that was asked. */
  async find(id: string, tenantId: string): Promise<Asked | undefined> {
    if (validate(id)) return this.#ofEvent(await findEvent(this.store.log, id), tenantId);
    if (id.startsWith('op_')) {
      const [begun] = await this.store.log.readStream(streamName({ name: 'operation' }, id, tenantId), 0, 1);
      return begun && this.find(begun.meta.causationId, tenantId);
    }
    const isIt = ({ event, deed }: Asked) => (id.startsWith('req_') ? event.meta.correlationId === id : deed.id === id);
    if (id.startsWith('inst_')) return (await this.#ofInstance(id, tenantId)).find(isIt);
    for (let next: number | undefined = Infinity; next !== undefined;) {
      const part: Readonly<{ asked: readonly Asked[]; next: number | undefined }> = await this.#below(next, {
        tenantId,
      });
      const found = part.asked.find(isIt);
      if (found) return found;
      next = part.next;
    }
    return undefined;
  }

  story({ event }: Asked): Promise<StreamStory> {
    return StreamStory.of(this.store.log, event.stream, [event]);
  }

  /** What was asked just below a position, newest first. */
  async #below(position: number, wanted: Wanted) {
    const { tenantId, resource, actor } = wanted;
    const isWanted = ({ event, deed }: Asked) =>
      event.position < position &&
      (actor === undefined || event.meta.actor === actor) &&
      (resource === undefined || deed.id === resource);
    if (resource?.startsWith('inst_')) {
      return { asked: (await this.#ofInstance(resource, tenantId)).filter(isWanted), next: undefined };
    }
    const until = Math.min(position - 1, await this.store.log.head());
    const after = Math.max(0, until - SPAN);
    const events = await this.store.log.read(after, SPAN, { tenantId, types: DEEDS });
    const asked = events.flatMap((event) => askedBy(event)).filter((it) => it.event.position <= until && isWanted(it));
    return { asked: asked.reverse(), next: after === 0 ? undefined : after + 1 };
  }

  async #ofInstance(id: string, tenantId: string): Promise<readonly Asked[]> {
    const events = await this.store.log.readStream(streamName(instance, id, tenantId));
    return events.flatMap((event) => askedBy(event)).reverse();
  }

  async #ofEvent(event: Recorded | undefined, tenantId: string): Promise<Asked | undefined> {
    if (event?.meta.tenantId !== tenantId) return undefined;
    const [asked] = askedBy(event);
    return (
      asked ?? (event.meta.correlationId.startsWith('req_') ? this.find(event.meta.correlationId, tenantId) : undefined)
    );
  }

  async #activities(all: readonly Asked[], tenantId: string, moment: Moment): Promise<readonly Activity[]> {
    const byStream = Map.groupBy(all, ({ event }) => event.stream);
    const stories = new Map(
      await Promise.all(
        [...byStream].map(async ([stream, its]) => {
          const events = its.map(({ event }) => event);
          return [stream, await StreamStory.of(this.store.log, stream, events, moment.position)] as const;
        }),
      ),
    );
    return Promise.all(
      all.flatMap((it) => {
        const story = stories.get(it.event.stream);
        return story ? [this.#activity(it, story, tenantId, moment)] : [];
      }),
    );
  }

  async #activity({ event, deed }: Asked, story: StreamStory, tenantId: string, moment: Moment): Promise<Activity> {
    const { id: eventId, position, at, meta } = event;
    const { before, after } = story.told(event);
    const { show } = kindOf(event);
    const operationId = operationIn(event);
    const operation =
      operationId === undefined ? undefined : await this.#operation(operationId, event, tenantId, moment);
    return {
      id: meta.correlationId,
      eventId,
      position,
      at,
      actor: meta.actor,
      tenantId: meta.tenantId,
      verb: deed.verb,
      resource: { type: deed.type, id: deed.id },
      result: resultOf(event, operation?.status),
      reason: operation?.statusReason ?? null,
      operationId: operationId ?? null,
      endedAt: operation ? operation.endedAt : at,
      changes: [...changesOf(show(before, deed.id), show(after, deed.id))],
      cannotUndo: whyNot(event, story.laterThan(event))?.reason ?? null,
    };
  }

  /** An operation as of a moment. Nothing where there was nothing to wait for; one that is still to begin is under way. */
  async #operation(id: string, event: Recorded, tenantId: string, moment: Moment): Promise<Progress | undefined> {
    const found = await this.operations.find(id, tenantId, moment);
    if (found?.moment === moment) return found.row;
    return found || this.operations.areBegunBy(event) ? TO_COME : undefined;
  }
}

const askedBy = (event: Recorded): Asked[] => {
  const deed = deedOf(event);
  return deed ? [{ event, deed }] : [];
};

/** Who calls an operation off wants it to end so. */
const resultOf = ({ type }: Recorded, status: Activity['result'] | undefined): Activity['result'] =>
  status === undefined || (type === 'StepFailed' && status === 'cancelled') ? 'succeeded' : status;

/** Calling off is asked of the operation itself; anything else may have begun one. */
const operationIn = ({ type, stream, data }: Recorded): string | undefined => {
  if (type === 'StepFailed') return idIn(stream);
  return 'operationId' in data && typeof data.operationId === 'string' ? data.operationId : undefined;
};
