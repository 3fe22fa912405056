import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Clock, EventStore } from '@strata/event-store';
import type { Hypervisor } from '@strata/hypervisor';
import { AGENTS, Agent, AgentModule } from '../../agent/src/agent.module.js';
import type { AgentOptions } from '../../agent/src/agent.module.js';
import { HostDoor, IaasModule } from '../../iaas/src/iaas.module.js';

/** A machine to put guests on, and how to drive it. */
export type HostMachine = Readonly<{
  hostId: string;
  name: string;
  hypervisor: Hypervisor;
  limits?: NonNullable<AgentOptions['limits']>;
}>;

export type CloudParts = Readonly<{
  store: EventStore;
  /** By service: all whose read models can be rebuilt. */
  readModels?: Readonly<Record<string, EventStore>>;
  clock: Clock;
  hosts: readonly HostMachine[];
  /** Who is asking, what they asked before, and what is told of the platform itself. */
  around: NonNullable<DynamicModule['imports']>;
  warn?: NonNullable<AgentOptions['warn']>;
}>;

/** Every service in one process. This is the only place where they meet; elsewhere they do on topics and in contracts. */
@Module({})
export class CloudModule {
  static of({ store, readModels, clock, hosts, around, warn }: CloudParts): DynamicModule {
    const iaas = IaasModule.on({ store, clock, ...(readModels && { readModels }) });
    const agents = {
      provide: AGENTS,
      inject: [HostDoor],
      useFactory: (controlPlane: HostDoor) =>
        hosts.map((host) => new Agent({ ...host, controlPlane, clock, ...(warn && { warn }) })),
    };
    return { module: CloudModule, imports: [iaas, AgentModule.of(agents, [iaas]), ...around] };
  }
}
