import { CommandBus } from '@nestjs/cqrs';
import { Injectable } from '@nestjs/common';
import type { Provider } from '@nestjs/common';
import { Rejection } from '@strata/event-sourcing';
import type { Ask, Decider, Event, Meta } from '@strata/event-sourcing';
import { Aggregates, RejectedError, commandHandlers, streamName } from '@strata/event-store';
import type { Done } from '@strata/event-store';
import {
  FLEET,
  CordonHost,
  ConnectHost,
  LoseHost,
  PlaceInstance,
  UncordonHost,
  UnplaceInstance,
  fleet,
} from './host/fleet.js';
import { v5 as uuidFrom } from 'uuid';
import { CreateFlavor, DeleteFlavor, flavor } from './flavor/flavor.js';
import { BuildImage, EnsureImage, ReportImage, image } from './image/image.js';
import { instance } from './instance/instance.js';
import { ClaimInstanceId, instanceId } from './instance/instance-id.js';
import { BootInstance, BuildDisk, CreateInstance, FailInstance } from './instance/instance-building.js';
import { PurgeInstance, RestoreInstance } from './instance/instance-keeping.js';
import { AbandonTask, DeleteInstance, FinishDeletion, RemoveGuest } from './instance/instance-removal.js';
import { RunInGuest } from './instance/instance-exec.js';
import {
  PauseInstance,
  RebootInstance,
  ResumeInstance,
  StartInstance,
  StopInstance,
} from './instance/instance-power.js';
import { ReportInstance } from './instance/instance-sight.js';
import { AllocateAddress, CreateNetwork, ReleaseAddress, ReportNetwork, network } from './network/network.js';
import { ReleaseQuota, ReserveQuota, SetQuota, quota } from './quota/quota.js';
import { ChangeSettings, settings } from './settings/settings.js';
import { FailRebuild, FinishRebuild, REBUILD, ReportRebuild, RequestRebuild, rebuild } from './rebuild/rebuild.js';

type Command = Readonly<{ type: string; data: object; meta: Meta }>;

type Class<C> = Readonly<{ type: string }> & (new (data: never, meta: Meta) => C);

/** The rules of one aggregate with the commands that they take and whose stream each is for. */
type Rules = Readonly<{
  classes: readonly Class<Command>[];
  handlers: Provider[];
  preview(aggregates: Aggregates, command: Command): Promise<Rejection | undefined>;
}>;

const rules = <C extends Command, E extends Event, S>(
  decider: Decider<C, E, S>,
  idOf: (command: C) => string,
  classes: readonly Class<C>[],
): Rules => ({
  classes,
  handlers: commandHandlers(decider, idOf, classes),
  async preview(aggregates, command) {
    const own = command as C; // `rulesOf` below finds the rules by the command's own class.
    const { state } = await aggregates.load(decider, streamName(decider, idOf(own), own.meta.tenantId));
    const decision = decider.decide(own, state);
    return decision instanceof Rejection ? decision : undefined;
  },
});

/** Every rule of this service, and every command that may be asked. */
const all: readonly Rules[] = [
  rules(instance, (it) => it.data.instanceId, [
    CreateInstance,
    StartInstance,
    StopInstance,
    RebootInstance,
    PauseInstance,
    ResumeInstance,
    DeleteInstance,
    RestoreInstance,
    PurgeInstance,
    BuildDisk,
    BootInstance,
    RemoveGuest,
    FailInstance,
    FinishDeletion,
    AbandonTask,
    ReportInstance,
    RunInGuest,
  ]),
  rules(instanceId, (it) => it.data.instanceId, [ClaimInstanceId]),
  rules(fleet, () => FLEET, [ConnectHost, LoseHost, PlaceInstance, UnplaceInstance, CordonHost, UncordonHost]),
  rules(network, (it) => it.data.networkId, [CreateNetwork, AllocateAddress, ReleaseAddress, ReportNetwork]),
  rules(quota, (it) => it.meta.tenantId, [ReserveQuota, ReleaseQuota, SetQuota]),
  rules(settings, (it) => it.meta.tenantId, [ChangeSettings]),
  rules(image, (it) => it.data.imageId, [BuildImage, EnsureImage, ReportImage]),
  rules(flavor, (it) => it.data.name, [CreateFlavor, DeleteFlavor]),
  rules(rebuild, () => REBUILD, [RequestRebuild, ReportRebuild, FinishRebuild, FailRebuild]),
];

const rulesOf = new Map(all.flatMap((it) => it.classes.map((Class) => [Class.type, { ...it, Class }] as const)));

const known = (type: string) => {
  const found = rulesOf.get(type);
  if (!found) throw new Error(`nobody takes the command ${type}`);
  return found;
};

/** The meta of a second command of one request, on another stream: an id of its own that follows from the first. */
export const beside = (meta: Meta, what: string): Meta => ({ ...meta, commandId: uuidFrom(what, meta.commandId) });

/** The door for every change. */
@Injectable()
export class Commands {
  static readonly handlers = all.flatMap((it) => it.handlers);

  constructor(
    private readonly bus: CommandBus,
    private readonly aggregates: Aggregates,
  ) {}

  /** Carries a command out; with `validateOnly` answers as if it did. @throws RejectedError when the rules refuse */
  async execute(command: Command, validateOnly = false): Promise<Done> {
    if (!validateOnly) return this.bus.execute<Command, Done>(command);
    const rejection = await known(command.type).preview(this.aggregates, command);
    if (rejection) throw new RejectedError(rejection);
    return { events: [], version: 0 };
  }

  /** For those who tell what they saw: where the log takes nothing any more, it is not kept, and they go on. */
  async report(command: Command): Promise<Done> {
    try {
      return await this.execute(command);
    } catch (error) {
      if (error instanceof RejectedError && error.rejection.code === 'log.damaged') return { events: [], version: 0 };
      throw error;
    }
  }

  /** For processes, which get a refusal as an answer. */
  async send({ type, data }: Ask, meta: Meta): Promise<Rejection | undefined> {
    const { Class } = known(type);
    try {
      await this.bus.execute(new Class(data as never, meta)); // A journal gives back the data that `ask` once checked.
      return undefined;
    } catch (error) {
      if (error instanceof RejectedError) return error.rejection;
      throw error;
    }
  }
}
