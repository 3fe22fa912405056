import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metric } from './exposition.js';

const RESOLUTION_MS = 10;

/** How the process itself does. */
@Injectable()
export class Vitals implements OnApplicationShutdown {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delay.enable();
  }

  onApplicationShutdown(): void {
    this.#delay.disable();
  }

  /** The delay is that since the last look, so that a bad minute is seen and then forgotten. */
  metrics(): readonly Metric[] {
    const { user, system } = process.cpuUsage();
    // What is measured is the time between two ticks, of which the resolution is no delay.
    const delay = Math.max(0, this.#delay.percentile(99) / 1e9 - RESOLUTION_MS / 1e3);
    this.#delay.reset();
    return [
      gauge('process_resident_memory_bytes', 'Resident memory', process.memoryUsage.rss()),
      gauge('process_start_time_seconds', 'When the process began, since the epoch', performance.timeOrigin / 1e3),
      {
        name: 'process_cpu_seconds_total',
        help: 'CPU time of the process',
        type: 'counter',
        samples: [{ value: (user + system) / 1e6 }],
      },
      gauge('nodejs_eventloop_lag_p99_seconds', 'Delay of the event loop, 99th percentile since the last look', delay),
    ];
  }
}

const gauge = (name: string, help: string, value: number): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: [{ value }],
});
