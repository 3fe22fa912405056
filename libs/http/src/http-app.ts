import { Logger } from '@nestjs/common';
import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Clock } from '@strata/event-store';
import type { FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { typeid } from 'typeid-js';
import { Admission } from './admission.js';
import { AdmissionGuard, guardTheDoor } from './admission-guard.js';
import { AuthGuard } from './auth-guard.js';
import { Claims } from './claims.js';
import { boundless } from './headroom.js';
import type { Headroom } from './headroom.js';
import { Connections, impatient } from './connections.js';
import { expireKeys } from './key-expiry.js';
import { OpenStreams } from './open-streams.js';
import { Principals } from './principal.js';
import { problem, tell } from './problem.js';
import type { ProblemError } from './problem.js';
import { ProblemFilter, sendProblem } from './problem-filter.js';
import { RequestInterceptor } from './request-interceptor.js';
import { endpointsOf } from './route-check.js';

const BODY_LIMIT = 1024 * 1024;
const SLOWEST_REQUEST_MS = 30_000;
const REQUEST_ID = /^req_[0-9a-z]{1,40}$/;

/**
 * The application behind the public API. The module (or one it imports) provides {@link Principals}, {@link Claims} and
 * {@link Clock}. Call `listen` on it, or `inject` after `init`.
 * @throws when a route of the module does not carry `Implement`
 */
export const createHttpApp = async (
  module: Type | DynamicModule,
  { logger = new Logger(), headroom = boundless }: Readonly<{ logger?: LoggerService; headroom?: Headroom }> = {},
): Promise<NestFastifyApplication> => {
  const filter = new ProblemFilter(logger);
  const streams = new OpenStreams();
  const adapter = adapterFor(filter, streams);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  const endpoints = endpointsOf(app.get(ModulesContainer));

  const fromAnywhere = { strict: false };
  const clock = app.get(Clock, fromAnywhere);
  const claims = app.get(Claims, fromAnywhere);
  const principals = app.get(Principals, fromAnywhere);
  const guard = new AuthGuard(principals);
  const admission = new Admission();
  guardTheDoor(adapter.getInstance(), { admission, headroom, principals, endpoints });
  app.useGlobalFilters(filter);
  app.useGlobalGuards(guard, new AdmissionGuard(admission));
  app.useGlobalInterceptors(new RequestInterceptor(clock, guard, streams, claims, logger));
  const stopExpiry = expireKeys(claims, clock, logger);
  const stopListening = guard.onLoss(() => streams.recheck());
  adapter.getInstance().addHook('preClose', async () => {
    stopExpiry();
    stopListening();
  });
  app.enableShutdownHooks();
  return app;
};

const adapterFor = (filter: ProblemFilter, streams: OpenStreams): FastifyAdapter => {
  const options: FastifyHttpOptions<Server> = {
    bodyLimit: BODY_LIMIT,
    requestTimeout: SLOWEST_REQUEST_MS,
    http: impatient,
    trustProxy: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    genReqId: ({ headers }: IncomingMessage) => requestIdOf(headers['x-request-id']),
    // These two come before any hook or filter: an address, or a whole request, that cannot be read.
    frameworkErrors: (error, request, reply) => {
      dress(request, reply);
      sendProblem(reply, filter.answerTo(error, request));
    },
    clientErrorHandler: refuseUnreadable,
  };
  const adapter = new FastifyAdapter(options);

  const fastify = adapter.getInstance();
  const connections = new Connections();
  connections.bound(fastify.server);
  let isClosing = false;
  fastify.addHook('preClose', async () => {
    isClosing = true;
    streams.end();
  });
  fastify.addHook('onRequest', async (request, reply) => {
    dress(request, reply);
    if (request.headers.host === undefined) throw problem('request.malformed', 'a request says which host it is for');
    if (isClosing) throw problem('service.unavailable', 'the server is stopping');
    if (connections.isCrowded) {
      reply.header('connection', 'close');
      throw problem('service.overloaded', 'too many connections are open');
    }
  });

  fastify.removeAllContentTypeParsers();
  // Read once it is known who asks: see `bodyIn`.
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  return adapter;
};

const requestIdOf = (given: string | string[] | undefined) =>
  typeof given === 'string' && REQUEST_ID.test(given) ? given : typeid('req').toString();

/** Nobody may keep an answer, or take it for anything but what it is. */
const GUARDS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** What every answer carries. */
const dress = ({ id }: FastifyRequest, reply: FastifyReply): void => {
  reply.headers({ 'x-request-id': id, ...GUARDS });
};

const unreadable = ({ code }: NodeJS.ErrnoException): ProblemError => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return problem('request.too-large', 'the header of the request is larger than 16 KiB');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem('request.timeout', 'the request has not come whole in the time that there is for it');
    default:
      return problem('request.malformed', 'this is not a request of HTTP/1.1');
  }
};

const refuseUnreadable = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy(error);
  const told = tell(unreadable(error), requestIdOf(undefined)).problem;
  const body = JSON.stringify(told);
  socket.end(
    [
      `HTTP/1.1 ${told.status} ${STATUS_CODES[told.status]}`,
      'content-type: application/problem+json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${told.requestId}`,
      ...Object.entries(GUARDS).map((header) => header.join(': ')),
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
};
