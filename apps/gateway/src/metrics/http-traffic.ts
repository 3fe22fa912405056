import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Durations } from './durations.js';
import type { Metric } from './exposition.js';

/** Listens to every answer that leaves, also to those that no handler has made. */
@Injectable()
export class HttpTraffic implements OnModuleInit {
  readonly #durations = new Durations();

  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    // The HTTP edge of this house runs on fastify (`createHttpApp`).
    const fastify = this.host.httpAdapter.getInstance() as FastifyInstance;
    fastify.addHook('onResponse', async ({ method, routeOptions }, reply) => {
      // A stream that a browser follows for an hour is no slow answer.
      if (String(reply.getHeader('content-type')).startsWith('text/event-stream')) return;
      // The route's pattern, never the address itself: an address is the asker's to choose.
      const labels = { method, route: routeOptions.url ?? 'none', status: String(reply.statusCode) };
      this.#durations.observe(labels, reply.elapsedTime / 1000);
    });
  }

  metric(): Metric {
    return this.#durations.metric('http_request_duration_seconds', 'How long requests took, by route and status');
  }
}
