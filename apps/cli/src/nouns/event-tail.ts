import type { CloudEvent } from '@strata/contracts';
import { api } from '@strata/contracts';
import { Failure, exits } from '../ask/failure.js';
import { requestOf } from '../ask/request.js';
import type { Message } from '../ask/server-sent-events.js';
import { messagesOf } from '../ask/server-sent-events.js';
import { escaped } from '../show/harmless.js';
import { yamlOf } from '../show/output.js';
import { aligned } from '../show/table.js';
import { cellOf } from '../show/view.js';
import type { Call } from './verb.js';
import { wordOf } from './verb.js';

const reconnectMs = 500;
/** How long a server may be away, in milliseconds. */
const patience = 60_000;

const lineOf = async ({ globals }: Call, { data }: Message): Promise<string> => {
  // The server's own envelope, by the contract of the endpoint.
  const event = JSON.parse(data) as CloudEvent;
  if (globals.output === 'json') return `${escaped(JSON.stringify(event))}\n`;
  if (globals.output === 'yaml') return `---\n${await yamlOf(event)}`;
  if (globals.output === 'name') return `${event.id}\n`;
  return aligned([[event.position, event.time, event.type, event.subject, event.actor].map(cellOf)]);
};

/** The messages of one connection; one that breaks ends like one that is closed, because both are taken up again. */
async function* connection(call: Call, last: string | undefined): AsyncGenerator<Message> {
  const request = requestOf(api.events.list, call.given, (key) => wordOf(call.verb, key));
  const response = await call.client().send(api.events.list, request, {
    patience: last === undefined ? 0 : patience,
    limit: Infinity,
    headers: { accept: 'text/event-stream', ...(last !== undefined && { 'last-event-id': last }) },
  });
  if (!response.body) return;
  try {
    yield* messagesOf(response.body);
  } catch (error) {
    call.io.signal.throwIfAborted();
    if (call.globals.debug) call.io.stderr.write(`< ${String(error)}\n`);
  }
}

const follow = async (call: Call): Promise<never> => {
  let last: string | undefined;
  for (;;) {
    for await (const message of connection(call, last)) {
      last = message.id ?? last;
      call.io.stdout.write(await lineOf(call, message));
    }
    await call.client().sleep(reconnectMs);
    call.io.stderr.write('the connection ended; taking it up again\n');
  }
};

/** Follows the log until Ctrl-C, or for --timeout seconds: that is what was asked for, so it is no failure. */
export const tail = async (call: Call): Promise<void> => {
  try {
    await follow(call);
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== exits.timeout) throw error;
  }
};
