import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { addressOf, addressText, gatewayOf } from '../cidr.js';
import type { Range } from '../cidr.js';

/** Numbers of RFC 2131 and RFC 2132. */
const bootRequest = 1;
const ethernet = 1;
const magicCookie = 0x6382_5363;
const option = { messageType: 53, serverId: 54, end: 255 } as const;
const dhcpRelease = 7;
const serverPort = 67;

/** The message by which the holder of an address gives it back (RFC 2131, 4.4.6). */
export const releaseMessage = (mac: string, ip: string, server: string): Buffer => {
  const message = Buffer.alloc(252);
  message.writeUInt8(bootRequest, 0);
  message.writeUInt8(ethernet, 1);
  message.writeUInt8(6, 2);
  message.writeUInt32BE(Math.floor(Math.random() * 2 ** 32), 4);
  message.writeUInt32BE(addressOf(ip), 12);
  Buffer.from(mac.replaceAll(':', ''), 'hex').copy(message, 28);
  message.writeUInt32BE(magicCookie, 236);
  message.set([option.messageType, 1, dhcpRelease, option.serverId, 4], 240);
  message.writeUInt32BE(addressOf(server), 245);
  message.writeUInt8(option.end, 249);
  return message;
};

/**
 * Gives `ip` back on behalf of the guest that had it, so that dnsmasq forgets it. The message goes to the broadcast address
 * of the network: Linux hands a broadcast back to the host as if it had come in by the bridge, which is where dnsmasq
 * listens; sent to dnsmasq's own address it would come by the loopback interface and be ignored. Nobody answers a release.
 */
export const sendRelease = async (range: Range, mac: string, ip: string): Promise<void> => {
  const server = gatewayOf(range);
  const socket = createSocket('udp4');
  try {
    socket.bind(0, server);
    await once(socket, 'listening');
    socket.setBroadcast(true);
    const message = releaseMessage(mac, ip, server);
    await new Promise<void>((resolve, reject) => {
      socket.send(message, serverPort, addressText(range.last), (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    socket.close();
  }
};
