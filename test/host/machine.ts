import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';

/*
 * The machine as others see it, who know nothing of Strata: virsh, ip, nft, iptables, /proc and the network. What the
 * product says of itself is held against what they say.
 */

const output = (program: string, ...args: readonly string[]): string => {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
};

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');

/** Where libvirt keeps files about guests and networks. */
const folders = [
  '/etc/libvirt/qemu',
  '/etc/libvirt/qemu/networks',
  '/etc/libvirt/qemu/networks/autostart',
  '/run/libvirt/qemu',
  '/run/libvirt/network',
  '/var/lib/libvirt/dnsmasq',
  '/var/lib/libvirt/qemu/channel/target',
  '/var/log/libvirt/qemu',
];

/** All that a cloud has on its machine. */
export type Traces = Readonly<
  Record<
    'domains' | 'networks' | 'interfaces' | 'rules' | 'leases' | 'instances' | 'files' | 'networkFiles' | 'programs',
    readonly string[]
  >
>;

export const noTraces: Traces = {
  domains: [],
  networks: [],
  interfaces: [],
  rules: [],
  leases: [],
  instances: [],
  files: [],
  networkFiles: [],
  programs: [],
};

const filesBelow = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

const isOfGuest = (path: string): boolean => path.includes('-inst_');

/** What guests leave: libvirt writes about a network when its first guest comes, and that is the network's own. */
export const withoutNetworkFiles = ({ networkFiles: _, ...rest }: Traces): Omit<Traces, 'networkFiles'> => rest;

/** What others say of one home. Everything that belongs to it bears the first digits of the hash of its path. */
export class Machine {
  readonly #id: string;
  readonly #prefix: string;

  constructor(
    private readonly home: string,
    /** How virsh reaches the daemon; default: the system's. */
    private readonly uri = 'qemu:///system',
  ) {
    this.#id = createHash('sha256').update(home).digest('hex').slice(0, 8);
    this.#prefix = `strata-${this.#id}-`;
  }

  virsh(...words: readonly string[]): string {
    return output('virsh', '-q', '-c', this.uri, ...words);
  }

  nameOf(id: string): string {
    return this.#prefix + id;
  }

  stateOf(instanceId: string): string {
    return this.virsh('domstate', this.nameOf(instanceId)).trim();
  }

  /** The ids of the guests that libvirt knows, with their states, sorted. */
  guests(): readonly string[] {
    return this.#own(this.virsh('list', '--all', '--name')).map((name) => {
      const id = name.slice(this.#prefix.length);
      return `${id} ${this.stateOf(id)}`;
    });
  }

  /** The QEMU process of a guest, found by its command line. */
  qemuOf(instanceId: string): number {
    const [found, ...more] = processes().filter(({ words }) => words.includes(`guest=${this.nameOf(instanceId)},`));
    if (!found || more.length > 0) throw new Error(`${more.length + (found ? 1 : 0)} processes run ${instanceId}`);
    return found.pid;
  }

  traces(): Traces {
    const networks = this.#own(this.virsh('net-list', '--all', '--name'));
    const instances = join(this.home, 'instances');
    const files = folders
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
      .filter((path) => path.includes(this.#id));
    return {
      domains: this.#own(this.virsh('list', '--all', '--name')),
      networks,
      // Bridges bear the digits in their names, and taps are listed with the bridge that they are plugged into.
      interfaces: linesOf(output('ip', '-o', 'link', 'show'))
        .filter((line) => line.includes(`s${this.#id}`))
        .map((line) => line.split(':')[1]?.trim() ?? line),
      // What a rule has counted is no part of it.
      rules: linesOf(output('nft', 'list', 'ruleset') + output('iptables-save'))
        .filter((line) => line.includes(`s${this.#id}`))
        .map((line) => line.replace(/ packets \d+ bytes \d+/, '')),
      leases: [
        ...networks.flatMap((name) => linesOf(this.virsh('net-dhcp-leases', name))),
        ...networks.flatMap((name) => linesOf(this.virsh('net-dumpxml', name)).filter((it) => it.includes('<host '))),
        ...filesBelow(join(this.home, 'leases')),
      ],
      instances: existsSync(instances) ? readdirSync(instances) : [],
      files: files.filter(isOfGuest),
      networkFiles: files.filter((path) => !isOfGuest(path)),
      programs: this.#programs(),
    };
  }

  /** The programs that run for this home, each told once: sessions of a database come and go. */
  #programs(): readonly string[] {
    const own = processes().filter(({ words, cwd, environment }) =>
      [words, cwd, environment].some((it) => it.includes(this.home) || it.includes(this.#prefix)),
    );
    return [...new Set(own.map(({ words }) => basename(words.split(' ')[0] ?? '')))].toSorted();
  }

  #own(names: string): readonly string[] {
    return linesOf(names)
      .map((name) => name.trim())
      .filter((name) => name.startsWith(this.#prefix))
      .toSorted();
  }
}

type Process = Readonly<{ pid: number; words: string; cwd: string; environment: string }>;

const processes = (): readonly Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const words = unlessHidden(() => readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' '));
      const cwd = unlessHidden(() => readlinkSync(`/proc/${name}/cwd`));
      const environment = unlessHidden(() => readFileSync(`/proc/${name}/environ`, 'utf8'));
      // A process that has ended and waits to be collected has no words any more.
      return words === '' ? [] : [{ pid: Number(name), words, cwd, environment }];
    });

/** ENOENT and ESRCH: it ended between being listed and being read. EACCES: it is somebody else's. */
const unlessHidden = (read: () => string): string => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(ENOENT|ESRCH|EACCES)$/.test(String(error.code))) return '';
    throw error;
  }
};

/** What a web server at this address says of itself; undefined when nobody answers. */
export const webPageOf = async (address: string | null): Promise<string | undefined> => {
  const answer = await fetch(`http://${address}/`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return answer?.text();
};

/** The first words of whoever listens at a port; undefined when nobody does. */
export const bannerOf = (address: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 2000 });
    const end = (text?: string) => {
      socket.destroy();
      resolve(text);
    };
    socket.once('data', (data) => end(data.toString()));
    socket.once('error', () => end());
    socket.once('timeout', () => end());
  });
