import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Connections, mostFor } from './connections.js';

describe('connections', () => {
  it('are fewer than the files that a process may have open', () => {
    expect([64, 200, 256, 1024, 1_048_576, Infinity].map(mostFor)).toEqual([16, 72, 128, 896, 10_000, 10_000]);
  });

  it('are told to end when it is crowded, are ended when there is no room, and may come again when others have gone', async () => {
    const connections = new Connections(4);
    const server = createServer();
    connections.bound(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const open: Socket[] = [];
    const come = async () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      open.push(socket);
      await Promise.all([once(socket, 'connect'), once(server, 'connection')]);
      return socket;
    };
    const crowds: boolean[] = [];
    for (let n = 0; n < 4; n++) {
      await come();
      crowds.push(connections.isCrowded);
    }
    expect(crowds).toEqual([false, false, false, true]);
    await once(await come(), 'close');
    for (const socket of open) socket.destroy();
    const deadline = Date.now() + 5_000;
    while (connections.isCrowded && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
    expect(connections.isCrowded).toBe(false);
    server.close();
  });
});
