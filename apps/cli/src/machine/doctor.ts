import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { exits } from '../ask/failure.js';
import { homeOf } from '../ask/home.js';
import type { Io } from '../io.js';
import type { Call } from '../nouns/verb.js';
import { paint, print } from '../show/output.js';
import { aligned } from '../show/table.js';
import { serverChecks } from './doctor-server.js';
import type { Finding } from './finding.js';
import { bad, ok, warn } from './finding.js';

const can = (path: string, mode: number = constants.F_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

const node = async (): Promise<Finding> => {
  const major = Number(process.versions.node.split('.')[0]);
  const check = 'Node';
  return major >= 20 ? ok(check, process.version) : bad(check, process.version, 'install Node 24');
};

const packages = async ({ checkout }: Io): Promise<Finding> => {
  const built = await can(join(checkout, 'dist/apps/solo/src/main.js'));
  const installed = await can(join(checkout, 'node_modules/.package-lock.json'));
  if (!installed) return bad('packages', 'not installed', 'run `npm start`: it installs them');
  return built ? ok('packages', 'installed and built') : warn('packages', 'not built', 'run `npm start`: it builds');
};

const socket = '/run/libvirt/libvirt-sock';

/** Resolves to the code of the error, or undefined when somebody answers. */
const silenceOf = (path: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const connection = connect(path);
    const end = (code?: string) => {
      connection.destroy();
      resolve(code);
    };
    connection.once('connect', () => end());
    connection.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    connection.setTimeout(2000, () => end('ETIMEDOUT'));
  });

const libvirt = async (): Promise<Finding> => {
  const silence = await silenceOf(socket);
  if (silence === undefined) return ok('libvirt', `answers at ${socket}`);
  const help =
    silence === 'EACCES'
      ? 'join its group: `sudo adduser $USER libvirt`, then sign in again'
      : 'run `npm start` as root, or start it: `sudo systemctl start libvirtd`; without it, guests are simulated';
  return warn('libvirt', `does not answer (${silence})`, help);
};

const kvm = async (): Promise<Finding> => {
  if (!(await can('/dev/kvm')))
    return warn('KVM', 'there is no /dev/kvm', 'switch virtualization on; guests are slow without');
  if (await can('/dev/kvm', constants.R_OK | constants.W_OK)) return ok('KVM', '/dev/kvm may be used');
  return warn('KVM', '/dev/kvm is closed to you', 'join its group: `sudo adduser $USER kvm`, then sign in again');
};

/** The home, or the nearest folder above it that exists already. */
const nearest = async (path: string): Promise<string> => ((await can(path)) ? path : nearest(dirname(path)));

const home = async ({ env, checkout }: Io): Promise<Finding> => {
  const path = homeOf(env, checkout);
  const there = await nearest(path);
  if (!(await can(there, constants.W_OK | constants.X_OK))) {
    return bad('home', `${there} cannot be written`, 'give yourself the right, or name another STRATA_HOME');
  }
  const credentials = join(path, 'credentials.json');
  if ((await can(credentials)) && ((await stat(credentials)).mode & 0o077) !== 0) {
    return bad('home', `others may read ${credentials}`, `run \`chmod 600 ${credentials}\``);
  }
  return ok('home', there === path ? path : `${path} will be made`);
};

const gib = 1024 ** 3;

const disk = async ({ env, checkout }: Io): Promise<Finding> => {
  const path = await nearest(homeOf(env, checkout));
  const { bavail, bsize } = await statfs(path);
  const free = (bavail * bsize) / gib;
  const found = `${free.toFixed(1)} GiB free at ${path}`;
  if (free < 2) return bad('disk', found, 'free at least 2 GiB');
  return free < 10 ? warn('disk', found, 'images and volumes will want more than 10 GiB') : ok('disk', found);
};

const lineOf = (io: Io, { verdict, check, found, help }: Finding): readonly string[] => [
  paint(io, verdict),
  check,
  help === null ? found : `${found}: ${help}`,
];

/** Looks at everything that a cloud needs, one line each; exit 1 when something must be mended. */
export const doctor = async ({ io, globals, client }: Call): Promise<number> => {
  const checks = [node, packages, libvirt, kvm, home, disk];
  const findings = [
    ...(await Promise.all(checks.map((check) => check(io)))),
    ...(await serverChecks(io, client, globals)),
  ];
  if (globals.output === 'table') io.stdout.write(aligned(findings.map((finding) => lineOf(io, finding))));
  else await print(io, globals, findings, { columns: {}, name: 'check' });
  return findings.some(({ verdict }) => verdict === 'bad') ? exits.failure : exits.ok;
};
