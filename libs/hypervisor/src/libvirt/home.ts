import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { v5 } from 'uuid';
import { refused } from '../refusal.js';

/** The namespace of all uuids that Strata gives to libvirt; drawn once at random. */
const strata = '6f3c1f0e-52a5-4d6f-9d0b-8f5d3f1c2a77';

/**
 * Where a cloud lives on this machine, and what its things are called. Everything is derived from the real path of the
 * home: two homes never share a name, and even a home whose files were lost finds, and can remove, what it made.
 */
export class Home {
  readonly folder: string;
  /** Eight hexadecimal digits in the name of everything that belongs to this home. */
  readonly id: string;
  readonly #prefix: string;

  constructor(folder: string) {
    this.folder = realPathOf(resolve(folder));
    this.id = createHash('sha256').update(this.folder).digest('hex').slice(0, 8);
    this.#prefix = `strata-${this.id}-`;
  }

  get images(): string {
    return join(this.folder, 'images');
  }

  get instances(): string {
    return join(this.folder, 'instances');
  }

  /** What is on its way out: taken from its place in one move, then removed file by file. */
  get removed(): string {
    return join(this.folder, 'removed');
  }

  /** What was found out about KVM. */
  get accelerator(): string {
    return join(this.folder, 'accelerator');
  }

  /** The networks of a session, which has no daemon to remember them. */
  get networks(): string {
    return join(this.folder, 'networks.json');
  }

  /** Everything that one instance has on this host: its root disk, its console log, what it learns at first boot. */
  filesOf(instanceId: string): Readonly<{ folder: string; root: string; console: string; firstBoot: string }> {
    const folder = join(this.instances, plain(instanceId));
    return {
      folder,
      root: join(folder, 'root.qcow2'),
      console: join(folder, 'console.log'),
      firstBoot: join(folder, 'first-boot'),
    };
  }

  /** The fixed leases of a network of this home. */
  leasesOf(networkId: string): string {
    return join(this.folder, 'leases', plain(networkId));
  }

  /** The name of the domain or network that stands for a Strata id. */
  nameOf(id: string): string {
    return this.#prefix + plain(id);
  }

  /** The Strata id that a domain or network of this home stands for; undefined for those of others. */
  idOf(name: string): string | undefined {
    return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : undefined;
  }

  uuidOf(id: string): string {
    return v5(`${this.folder}\n${id}`, strata);
  }

  /** At most 15 characters, which is all that Linux has for the name of an interface. */
  bridgeOf(networkId: string): string {
    return `s${this.id}${this.uuidOf(networkId).slice(0, 6)}`;
  }
}

/** The path without symbolic links, also of a folder that is not there yet or no more. */
const realPathOf = (path: string): string => {
  if (existsSync(path)) return realpathSync(path);
  return path === dirname(path) ? path : join(realPathOf(dirname(path)), basename(path));
};

/** Ids come from clients and become names of files and domains. */
const plain = (id: string): string => {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(id)) return id;
  throw refused(`${JSON.stringify(id)} is no id: use at most 64 letters, digits, hyphens and underscores`);
};
