import { eventTypes } from './event-types.js';
import { namedSchemas, schemaRef } from './schemas.js';
import type { Json } from './schemas.js';

/** The published events as an AsyncAPI 3.0 document. */
export const drawAsyncApi = (): Json => {
  const types = Object.entries(eventTypes).flatMap(([about, its]) =>
    Object.entries(its).map(([type, summary]) => ({ type, about, summary })),
  );
  const { CloudEvent } = namedSchemas();
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Strata events',
      version: '1.0.0',
      description:
        'What happened, in the order of the log, as CloudEvents 1.0. Follow it with `Accept: text/event-stream`; `id` is the position, and `Last-Event-ID` resumes after one.',
    },
    defaultContentType: 'application/json',
    servers: {
      cloud: { host: '127.0.0.1:7070', protocol: 'http', security: [{ $ref: '#/components/securitySchemes/bearer' }] },
    },
    channels: {
      events: {
        address: '/v1/events',
        messages: Object.fromEntries(types.map(({ type }) => [type, { $ref: `#/components/messages/${type}` }])),
        bindings: { http: {} },
      },
    },
    operations: {
      followEvents: { action: 'send', channel: { $ref: '#/channels/events' }, summary: 'A tenant hears of its own' },
    },
    components: {
      messages: Object.fromEntries(
        types.map(({ type, about, summary }) => [
          type,
          {
            name: type,
            summary,
            tags: [{ name: about }],
            payload: { allOf: [schemaRef('CloudEvent'), { properties: { type: { const: type } } }] },
          },
        ]),
      ),
      schemas: { CloudEvent },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  };
};
