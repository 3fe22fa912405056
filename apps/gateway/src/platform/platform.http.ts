import { Controller } from '@nestjs/common';
import { platform } from '@strata/contracts';
import { Asked, Implement, problem } from '@strata/http';
import type { AsOf } from '@strata/http';
import { ApiDocument, PlatformStatus, Readiness } from './ports.js';
import type { ReadinessReport, StatusReport } from './ports.js';

@Controller()
export class PlatformHttp {
  constructor(
    private readonly readiness: Readiness,
    private readonly platformStatus: PlatformStatus,
    private readonly document: ApiDocument,
  ) {}

  @Implement(platform.health)
  health() {
    return { status: 'ok' } as const;
  }

  @Implement(platform.ready)
  async ready(): Promise<ReadinessReport> {
    const report = await this.readiness.report();
    if (report.status === 'starting') {
      throw problem('service.unavailable', 'the platform is starting', { checks: report.checks });
    }
    return report;
  }

  @Implement(platform.openapi)
  openapi() {
    return this.document.read();
  }

  @Implement(platform.whoami)
  whoami(@Asked(platform.whoami) { principal }: Asked<typeof platform.whoami>) {
    return principal;
  }

  @Implement(platform.status)
  status(@Asked(platform.status) { principal, query }: Asked<typeof platform.status>): Promise<AsOf<StatusReport>> {
    return this.platformStatus.report(principal, query.at);
  }
}
