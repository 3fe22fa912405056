import { Controller } from '@nestjs/common';
import { activity, isAtLeast } from '@strata/contracts';
import type { Operation } from '@strata/contracts';
import { Aggregates, RejectedError, streamName } from '@strata/event-store';
import { reject } from '@strata/event-sourcing';
import { Asked, Implement, beyondKey, problem } from '@strata/http';
import { Activities } from '../activity/activities.service.js';
import type { Asked as AskedBefore } from '../activity/activities.service.js';
import { CreateFlavor, DeleteFlavor } from '../flavor/flavor.js';
import { CordonHost, UncordonHost } from '../host/fleet.js';
import { RestoreInstance } from '../instance/instance-keeping.js';
import { PauseInstance, ResumeInstance, StartInstance, StopInstance } from '../instance/instance-power.js';
import { DeleteInstance } from '../instance/instance-removal.js';
import { Operations } from '../operation/operations.service.js';
import { SetQuota } from '../quota/quota.js';
import { Commands } from '../rules.js';
import { ChangeSettings, settings } from '../settings/settings.js';
import { undoOf, whyNot } from './undo.js';
import type { Undo } from './undo.js';

type Request = Asked<typeof activity.undo>;

const GRACE_SECONDS = 30;

@Controller()
export class UndoHttp {
  constructor(
    private readonly activities: Activities,
    private readonly commands: Commands,
    private readonly operations: Operations,
    private readonly aggregates: Aggregates,
  ) {}

  @Implement(activity.undo)
  async undo(@Asked(activity.undo) asked: Request): Promise<Operation> {
    const { params, meta } = asked;
    const before = await this.operations.again(asked);
    if (before) return before;
    const found = await this.activities.find(params.id, meta.tenantId);
    if (!found) throw problem('event.not-found', `nothing that could be taken back began with "${params.id}"`);
    const undo = await this.#undoOf(found);
    mayAsk(asked, undo);
    return this.#carryOut(undo, found, asked);
  }

  /** @throws RejectedError when there is no way back, or not from here */
  async #undoOf(found: AskedBefore): Promise<Undo> {
    const story = await this.activities.story(found);
    const refused = whyNot(found.event, story.laterThan(found.event));
    if (refused) throw new RejectedError(refused);
    const undo = undoOf(found.event, story.told(found.event).before);
    if (!undo) throw new RejectedError(reject('undo.impossible', 'there was nothing before it to go back to'));
    return undo;
  }

  async #carryOut(undo: Undo, { deed }: AskedBefore, asked: Request): Promise<Operation> {
    const { meta, since, validateOnly } = asked;
    const { tenantId } = meta;
    const operationId = asked.mint('op');
    const command = await this.#commandOf(undo, operationId, asked);
    const done = await this.commands.execute(command, validateOnly);
    const resource = { type: deed.type, id: deed.id };
    const about = { id: operationId, name: nameOf(undo), resource, tenantId, since };
    if ('instanceId' in undo) return this.operations.begun(done, about, validateOnly);
    const words = done.events.length > 0 ? 'done at once' : 'already so';
    return this.operations.ended(about, validateOnly ? 'it would be accepted; nothing was changed' : words);
  }

  async #commandOf(undo: Undo, operationId: string, { meta }: Request) {
    switch (undo.verb) {
      case 'start':
        return new StartInstance({ instanceId: undo.instanceId, operationId }, meta);
      case 'stop':
        return new StopInstance({ instanceId: undo.instanceId, operationId, graceSeconds: GRACE_SECONDS }, meta);
      case 'pause':
        return new PauseInstance({ instanceId: undo.instanceId, operationId }, meta);
      case 'resume':
        return new ResumeInstance({ instanceId: undo.instanceId, operationId }, meta);
      case 'restore':
        return new RestoreInstance({ instanceId: undo.instanceId, operationId }, meta);
      case 'delete':
        return this.#deletion(undo.instanceId, operationId, meta);
      case 'cordon':
        return new CordonHost({ hostId: undo.hostId }, meta);
      case 'uncordon':
        return new UncordonHost({ hostId: undo.hostId }, meta);
      case 'set-quota':
        return new SetQuota({ limits: undo.limits }, meta);
      case 'change-settings':
        return new ChangeSettings({ settings: undo.settings }, meta);
      case 'create-flavor':
        return new CreateFlavor(undo.flavor, meta);
      case 'delete-flavor':
        return new DeleteFlavor({ name: undo.name }, meta);
    }
  }

  async #deletion(instanceId: string, operationId: string, meta: Request['meta']) {
    const { state } = await this.aggregates.load(settings, streamName(settings, meta.tenantId, meta.tenantId));
    const { keepDeletedSeconds: keepSeconds } = state;
    if (keepSeconds === 0)
      throw problem('undo.impossible', 'to take that back would delete the instance for good, because nothing is kept');
    return new DeleteInstance({ instanceId, operationId, keepSeconds }, meta);
  }
}

/** Undoing a deed is for whoever may do its opposite. @throws ProblemError */
const mayAsk = ({ principal }: Request, { endpoint }: Undo): void => {
  const { access } = endpoint;
  if (access !== 'anonymous' && !isAtLeast(principal.role, access))
    throw problem('auth.forbidden', `to undo this takes the role ${access}`);
  const beyond = beyondKey(principal, endpoint);
  if (beyond !== undefined) throw problem('auth.forbidden', beyond);
};

/** What the operation is called that carries it out. */
const nameOf = ({ verb, ...undo }: Undo): string => {
  if (verb === 'delete') return 'schedule-deletion';
  if ('instanceId' in undo) return `${verb}-instance`;
  return 'hostId' in undo ? `${verb}-host` : verb;
};
