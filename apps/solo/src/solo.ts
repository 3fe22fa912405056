import { Injectable, Module } from '@nestjs/common';
import type { DynamicModule, LoggerService, OnApplicationShutdown } from '@nestjs/common';
import { drawOpenApi } from '@strata/contracts';
import { Clock } from '@strata/event-store';
import { Claims, createHttpApp } from '@strata/http';
import { ProcessManager } from '@strata/operations';
import { GatewayModule } from '../../gateway/src/gateway.module.js';
import { EventModule } from '../../iaas/src/event/event.module.js';
import { Summary } from '../../iaas/src/iaas.module.js';
import { IdentityModule } from '../../identity/src/identity.module.js';
import { CloudModule } from './cloud.module.js';
import type { HostMachine } from './cloud.module.js';
import { openGround } from './ground.js';
import type { Ground } from './ground.js';
import { SoloHeadroom } from './headroom.js';
import { openHosts } from './hosts.js';
import { SoloPlatform } from './platform.js';
import type { Settings } from './settings.js';

export type Running = Readonly<{ apiUrl: string; credentials: string; position: number; stop(): Promise<void> }>;

type Voice = Readonly<{ logger: LoggerService; tell: (line: string) => void }>;

/** Many may come at the same moment: whoever is refused by the kernel hears nothing for a second, and then another three. */
const BACKLOG = 4_096;

/** The embedded default: every service in one process, on one database, without a broker. */
export const startSolo = async (settings: Settings, { logger, tell }: Voice): Promise<Running> => {
  const ground = await openGround(settings, tell);
  try {
    const hosts = await openHosts(settings, tell);
    const headroom = new SoloHeadroom(settings.home);
    const platform = new SoloPlatform({ ground, hosts, headroom });
    const identity = IdentityModule.on({ store: ground.identity, ...ground, occupancy: platform.occupancy });
    const { readiness, status, progress } = platform;
    const document: Readonly<Record<string, unknown>> = drawOpenApi();
    // Who may do what is told to those who may change it.
    const others = [{ source: '/identity', store: ground.identity, access: 'admin' }] as const;
    const gateway = GatewayModule.on({
      readiness,
      status,
      progress,
      document: { read: () => document },
      logs: ground.proof,
    });
    const around = [
      identity,
      gateway,
      EventModule.on({ store: ground.iaas, clock: ground.clock, others }),
      GroundModule.of(ground, { hosts, headroom }),
    ];
    const cloud = CloudModule.of({
      store: ground.iaas,
      readModels: { iaas: ground.iaas, identity: ground.identity },
      clock: ground.clock,
      hosts,
      around,
      warn(message, cause) {
        logger.warn(cause instanceof Error ? `${message}: ${cause.message}` : message, 'agent');
      },
    });

    const app = await createHttpApp(cloud, { logger, headroom });
    headroom.watch(app.get(ProcessManager, { strict: false }));
    await app.listen({ port: settings.port, host: '127.0.0.1', backlog: BACKLOG });
    const apiUrl = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    const credentials = await app.get(IdentityModule).handOutCredentials({ home: settings.home, apiUrl });
    platform.isReady(app.get(Summary, { strict: false }));
    return { apiUrl, credentials, position: await ground.iaas.log.head(), stop: () => app.close() };
  } catch (error) {
    await ground.close();
    throw error;
  }
};

/** Closed when nobody stands on it any more: after agents, processes and the last request have ended. */
@Injectable()
class Closing implements OnApplicationShutdown {
  constructor(private readonly parts: readonly Readonly<{ close(): Promise<void> | void }>[]) {}

  async onApplicationShutdown() {
    for (const part of this.parts) await part.close();
  }
}

@Module({})
class GroundModule {
  static of(
    ground: Ground,
    { hosts, headroom }: Readonly<{ hosts: readonly HostMachine[]; headroom: SoloHeadroom }>,
  ): DynamicModule {
    return {
      module: GroundModule,
      providers: [
        { provide: Clock, useValue: ground.clock },
        { provide: Claims, useValue: ground.claims },
        { provide: Closing, useValue: new Closing([...hosts.map((it) => it.hypervisor), headroom, ground]) },
      ],
    };
  }
}
