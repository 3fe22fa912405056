import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { LogHttp } from './log/log.http.js';
import { Logs } from './log/ports.js';
import { HttpTraffic } from './metrics/http-traffic.js';
import { MetricsHttp } from './metrics/metrics.http.js';
import { Vitals } from './metrics/vitals.js';
import { PlatformHttp } from './platform/platform.http.js';
import { ApiDocument, LogProgress, PlatformStatus, Readiness } from './platform/ports.js';
import type { ReadinessReport, ServiceProgress, StatusReport } from './platform/ports.js';

export { LogProgress, Logs, PlatformStatus, Readiness };
export type { ReadinessReport, ServiceProgress, StatusReport };

/** What the one who puts the platform together tells about it. */
export type Platform = Readonly<{
  readiness: Readiness;
  status: PlatformStatus;
  document: ApiDocument;
  progress: LogProgress;
  logs: Logs;
}>;

/** The platform's own endpoints: health, readiness, who am I, status, the API document, metrics, logs and their proof. */
@Module({})
export class GatewayModule {
  static on({ readiness, status, document, progress, logs }: Platform): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [PlatformHttp, MetricsHttp, LogHttp],
      providers: [
        { provide: Readiness, useValue: readiness },
        { provide: PlatformStatus, useValue: status },
        { provide: ApiDocument, useValue: document },
        { provide: LogProgress, useValue: progress },
        { provide: Logs, useValue: logs },
        HttpTraffic,
        Vitals,
      ],
    };
  }
}
