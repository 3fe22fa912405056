import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

type End = Readonly<{ address: string; port: number }>;
export type Socket = Readonly<{ local: End; remote: End; isListening: boolean; inode: string }>;

const LISTEN = '0A';

/** Every TCP socket of this machine, as the kernel lists them. */
export const socketsOf = (): readonly Socket[] =>
  ['tcp', 'tcp6'].flatMap((family) =>
    readFileSync(`/proc/net/${family}`, 'utf8')
      .split('\n')
      .slice(1, -1)
      .map((line) => {
        const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
        return { local: endOf(local), remote: endOf(remote), isListening: state === LISTEN, inode };
      }),
  );

/** `0100007F:1F90`: the kernel's words, each turned round. */
const endOf = (text: string): End => {
  const [address = '', port = ''] = text.split(':');
  const bytes = address.match(/.{8}/g)?.flatMap((word) => word.match(/../g)?.toReversed() ?? []) ?? [];
  const isFour = bytes.length === 4;
  const words = isFour ? bytes.map((byte) => parseInt(byte, 16)) : bytes;
  return { address: words.join(isFour ? '.' : ''), port: parseInt(port, 16) };
};

/** What these processes listen to. */
export const listenedToBy = (pids: readonly number[]): readonly End[] => {
  const inodes = new Set(pids.flatMap(inodesOf));
  return socketsOf().flatMap((socket) => (socket.isListening && inodes.has(socket.inode) ? [socket.local] : []));
};

const inodesOf = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // Closed meanwhile.
    }
  });
