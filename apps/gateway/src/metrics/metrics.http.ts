import { Controller, Header } from '@nestjs/common';
import { endpoint } from '@strata/contracts';
import { Implement } from '@strata/http';
import { z } from 'zod';
import { LogProgress } from '../platform/ports.js';
import type { ServiceProgress } from '../platform/ports.js';
import { EXPOSITION_TYPE, expositionOf } from './exposition.js';
import type { Metric } from './exposition.js';
import { HttpTraffic } from './http-traffic.js';
import { Vitals } from './vitals.js';

/**
 * Not part of the public API, which speaks JSON. For administrators of the platform: how much is asked, and how often,
 * says something of every tenant.
 */
const metrics = endpoint({
  method: 'get',
  path: '/metrics',
  summary: 'Figures for Prometheus',
  tag: 'platform',
  access: 'platform-administrator',
  status: 200,
  answer: z.string(),
  timeless: 'it is about the process that answers',
  errors: [],
  admission: 'free',
});

@Controller()
export class MetricsHttp {
  constructor(
    private readonly vitals: Vitals,
    private readonly traffic: HttpTraffic,
    private readonly progress: LogProgress,
  ) {}

  @Implement(metrics)
  @Header('content-type', EXPOSITION_TYPE)
  async show(): Promise<string> {
    const progress = metricsOf(await this.progress.report());
    return expositionOf([...this.vitals.metrics(), this.traffic.metric(), ...progress]);
  }
}

const metricsOf = (services: readonly ServiceProgress[]): readonly Metric[] => [
  {
    name: 'strata_log_position',
    help: 'The position of the newest event',
    type: 'gauge',
    samples: services.map(({ service, position }) => ({ labels: { service }, value: position })),
  },
  {
    name: 'strata_subscription_lag_events',
    help: 'Events that a subscription has yet to deal with',
    type: 'gauge',
    samples: services.flatMap(({ service, lags }) =>
      Object.entries(lags).map(([subscription, value]) => ({ labels: { service, subscription }, value })),
    ),
  },
  {
    name: 'strata_subscription_parked_streams',
    help: 'Streams of which a subscription has met an event that it cannot deal with',
    type: 'gauge',
    samples: services.flatMap(({ service, parked }) =>
      Object.entries(parked).map(([subscription, value]) => ({ labels: { service, subscription }, value })),
    ),
  },
];
