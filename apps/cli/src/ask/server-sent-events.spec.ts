import type { Message } from './server-sent-events.js';
import { messagesOf } from './server-sent-events.js';

async function* pieces(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const read = async (text: string, size: number) => {
  const messages: Message[] = [];
  for await (const message of messagesOf(pieces(text, size))) messages.push(message);
  return messages;
};

const text = 'id: 1\r\ndata: ä\r\ndata:b\r\n\r\n: still here\n\ndata: c: d\n\nid\ndata\n\ndata: lost';

for (const size of [1, 2, 3, 7, 1000]) {
  it(`reads the same messages in pieces of ${size} bytes`, async () => {
    expect(await read(text, size)).toEqual([
      { id: '1', data: 'ä\nb' },
      { id: '1', data: 'c: d' },
      { id: '', data: '' },
    ]);
  });
}
