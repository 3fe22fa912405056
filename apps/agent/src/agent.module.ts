import { Inject, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap, Provider } from '@nestjs/common';
import { Agent } from './agent.js';
import type { AgentOptions } from './agent.js';

export { Agent };
export type { AgentOptions };

/** Provides the agents of this process: one for each host that it drives. */
export const AGENTS = Symbol('AGENTS');

/** Starts the agents with the application and stops them before it ends; guests keep running. */
@Module({})
export class AgentModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(AGENTS) private readonly agents: readonly Agent[]) {}

  /** `agents` answers to the token `AGENTS`, with the help of what `imports` export. */
  static of(agents: Provider<readonly Agent[]>, imports: NonNullable<DynamicModule['imports']> = []): DynamicModule {
    return { module: AgentModule, imports, providers: [agents], exports: [AGENTS] };
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.start()));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
  }
}
