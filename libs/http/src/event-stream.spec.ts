import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { EventStream } from './event-stream.js';
import type { ServerSentEvent } from './event-stream.js';
import { OpenStreams } from './open-streams.js';

describe('a stream of events', () => {
  const numbers = async function* (count: number, taken: { last: number } = { last: 0 }) {
    for (let at = 1; at <= count; at++) {
      taken.last = at;
      yield { id: String(at), event: 'Number', data: { at, text: 'two\nlines' } };
    }
  };
  const textOf = async (stream: AsyncIterable<unknown>) => {
    let text = '';
    for await (const part of stream) text += String(part);
    return text;
  };

  it('is told in frames that a browser reads', async () => {
    const stream = new EventStream(() => numbers(2)).toReadable(new AbortController().signal);
    expect(await textOf(stream)).toBe(
      ': connected\n\n' +
        'id: 1\nevent: Number\ndata: {"at":1,"text":"two\\nlines"}\n\n' +
        'id: 2\nevent: Number\ndata: {"at":2,"text":"two\\nlines"}\n\n',
    );
  });

  it('shows that it lives while nothing happens', async () => {
    const gone = new AbortController();
    const silent = async function* (): AsyncGenerator<ServerSentEvent> {
      await once(gone.signal, 'abort');
      yield { id: '1', data: 'too late' };
    };
    const stream = new EventStream(silent, 5).toReadable(gone.signal);
    let comments = 0;
    for await (const part of stream) {
      comments += String(part).split(': still here\n\n').length - 1;
      if (comments >= 3) gone.abort();
    }
    expect(comments).toBeGreaterThanOrEqual(3);
  });

  it('waits for a slow asker', async () => {
    const taken = { last: 0 };
    const stream = new EventStream(() => numbers(100_000, taken)).toReadable(new AbortController().signal);
    await once(stream, 'readable');
    stream.read(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken.last).toBeGreaterThan(10);
    expect(taken.last).toBeLessThan(5_000);
    stream.destroy();
  });

  it('ends its source when the asker has gone, even while nothing happens', async () => {
    const gone = new AbortController();
    let ended = false;
    const source = async function* (signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
      try {
        yield { id: '1', data: 1 };
        if (!signal.aborted) await once(signal, 'abort');
      } finally {
        ended = true;
      }
    };
    const stream = new EventStream(source).toReadable(gone.signal);
    const read = textOf(stream);
    gone.abort();
    await read;
    expect(ended).toBe(true);
  });

  it('breaks off when its source fails', async () => {
    const failing = async function* (): AsyncGenerator<ServerSentEvent> {
      yield { id: '1', data: 1 };
      throw new Error('the log is out of reach');
    };
    const stream = new EventStream(failing).toReadable(new AbortController().signal);
    await expect(textOf(stream)).rejects.toThrow('out of reach');
  });
});

describe('the open streams', () => {
  const connections = () => {
    const closings: (() => void)[] = [];
    const once = (_: 'close', then: () => void) => closings.push(then);
    return { closings, connection: { once, setTimeout: () => undefined, socket: null } };
  };
  const always = async () => true;
  const anna = { userId: 'user_anna', tenantId: 'ten_a' };
  const bert = { userId: 'user_bert', tenantId: 'ten_a' };

  it('are those whose connection stands', () => {
    const streams = new OpenStreams();
    const { closings, connection } = connections();
    const [one, two] = [streams.signalFor(connection, anna, always), streams.signalFor(connection, bert, always)];
    closings[0]?.();
    expect([one.aborted, two.aborted, streams.count]).toEqual([true, false, 1]);
    streams.end();
    expect(two.aborted).toBe(true);
    closings[1]?.();
    expect(streams.count).toBe(0);
  });

  it('end at once when somebody has lost a right, if it was theirs', async () => {
    const streams = new OpenStreams({ recheckMs: 3_600_000 });
    const { closings, connection } = connections();
    let isGood = true;
    const [one, two] = [
      streams.signalFor(connection, anna, async () => isGood),
      streams.signalFor(connection, anna, always),
    ];
    streams.recheck();
    await new Promise((resolve) => setImmediate(resolve));
    expect([one.aborted, two.aborted]).toEqual([false, false]);
    isGood = false;
    streams.recheck();
    await once(one, 'abort');
    expect(two.aborted).toBe(false);
    for (const close of closings) close();
  });

  it('end when their asker may no longer listen, and not when nobody can say', async () => {
    const streams = new OpenStreams({ recheckMs: 1 });
    const { closings, connection } = connections();
    let asked = 0;
    const answers = [async () => true, () => Promise.reject(new Error('no database')), async () => false];
    const signal = streams.signalFor(connection, anna, () => answers[asked++]?.() ?? always());
    await once(signal, 'abort');
    expect(asked).toBe(3);
    closings[0]?.();
  });

  it('are so many for each user, and so many for each tenant', () => {
    const streams = new OpenStreams({ ofUser: 2, ofTenant: 3 });
    const { closings, connection } = connections();
    const open = (userId: string, tenantId: string) => streams.signalFor(connection, { userId, tenantId }, always);
    open('user_anna', 'ten_a');
    open('user_anna', 'ten_b');
    expect(() => open('user_anna', 'ten_c')).toThrow('you have 2 streams');
    open('user_bert', 'ten_a');
    open('user_cora', 'ten_a');
    expect(() => open('user_dora', 'ten_a')).toThrow('the tenant has 3 streams');
    closings[0]?.();
    open('user_anna', 'ten_a');
  });

  it('end when nobody reads them, however much there is to tell, and not before', async () => {
    const streams = new OpenStreams({ patienceMs: 300 });
    const endless = async function* (): AsyncGenerator<ServerSentEvent> {
      for (let id = 1; ; id++) yield { id: String(id), data: 'x'.repeat(10_000) };
    };
    let taken = 0;
    const server = createServer((_, response) => {
      const stream = new EventStream(endless).toReadable(streams.signalFor(response, anna, always));
      stream.on('data', (part: string) => (taken += part.length));
      response.once('close', () => stream.destroy());
      stream.pipe(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // It listens on a port.
    const [reader, deaf] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    deaf.on('error', () => undefined);
    for (const client of [reader, deaf]) client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    let read = 0;
    reader.on('data', ({ length }) => (read += length));
    while (streams.count < 2) await pause(5);
    while (streams.count > 1) await pause(5);
    expect(taken - read).toBeLessThan(32 * 1024 * 1024);
    const before = read;
    while (read === before) await pause(5);
    for (const client of [reader, deaf]) client.destroy();
    server.close();
    await once(server, 'close');
  });
});
