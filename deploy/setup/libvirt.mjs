import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isRoot } from './checkout.mjs';
import { SetupError, execute } from './progress.mjs';

const daemons = [
  { name: 'virtlogd', socket: '/run/libvirt/virtlogd-sock' },
  { name: 'libvirtd', socket: '/run/libvirt/libvirt-sock' },
];
const deadline = 20_000;

/** Resolves to undefined when somebody answers, else to the error's code, such as ECONNREFUSED. */
const silenceOf = (path) =>
  new Promise((resolve) => {
    const socket = connect(path);
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(error.code));
    socket.setTimeout(2000, () => end('ETIMEDOUT'));
  });

const silent = async () => {
  const found = [];
  for (const daemon of daemons) {
    const silence = await silenceOf(daemon.socket);
    if (silence !== undefined) found.push({ ...daemon, silence });
  }
  return found;
};

const begin = ({ name }) => {
  const advice = `look at what ${name} wrote to the system log`;
  if (existsSync('/run/systemd/system')) return execute('systemctl', ['start', `${name}.service`], { advice });
  // Without --timeout a daemon stays until it is told to end; systemd's unit files give it one, and wake it again.
  return execute(name, ['-d'], { advice });
};

const answers = async ({ name, socket }) => {
  const end = performance.now() + deadline;
  while ((await silenceOf(socket)) !== undefined) {
    if (performance.now() > end)
      throw new SetupError(`${name} does not answer: look at what it wrote to the system log`);
    await delay(50);
  }
};

/** @type {import('./progress.mjs').Step} */
export const libvirt = {
  name: 'libvirt',
  needed: async () => {
    // Who is not root has a session daemon of their own, which the server starts by itself.
    if (!isRoot) return undefined;
    const names = (await silent()).map(({ name }) => name);
    return names.length > 0 ? `${names.join(' and ')} not answering` : undefined;
  },
  run: async () => {
    for (const daemon of await silent()) {
      await begin(daemon);
      await answers(daemon);
    }
  },
};
