import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lease } from '../hypervisor.js';
import { unlessMissing } from './files.js';

type Host = Pick<Lease, 'mac' | 'ip' | 'name'>;

/**
 * The fixed leases of one network: a file for each address, in a folder that dnsmasq watches (`dhcp-hostsdir`). A new file
 * is served at once. To tell libvirt instead takes 0.4 s for each lease, because it lays all rules of the network anew and
 * lets nobody else near it meanwhile.
 */
export class LeaseFolder {
  constructor(private readonly folder: string) {}

  /** The folder and what is above it are open to dnsmasq's user. */
  async make(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o755 });
  }

  async list(): Promise<readonly Host[]> {
    const files = (await unlessMissing(readdir(this.folder))) ?? [];
    const texts = await Promise.all(
      files.filter(isAddress).map((ip) => unlessMissing(readFile(join(this.folder, ip), 'utf8'))),
    );
    return texts.flatMap((text) => {
      const [mac, ip, name = ''] = text?.trim().split(',') ?? [];
      return mac !== undefined && ip !== undefined ? [{ mac, ip, name }] : [];
    });
  }

  /** dnsmasq reads only whole files: it passes over names that begin with a dot. */
  async put({ mac, ip, name }: Host): Promise<void> {
    if (!isAddress(ip) || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) throw new Error(`${mac} at ${ip} is no lease`);
    await this.make();
    const draft = join(this.folder, `.${ip}`);
    // A name comes from outside and this file has a grammar: what is no name of a host is left out.
    const parts = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(name) ? [mac, ip, name] : [mac, ip];
    await writeFile(draft, `${parts.join(',')}\n`, { mode: 0o644 });
    await rename(draft, join(this.folder, ip));
  }

  async remove(ip: string): Promise<void> {
    await rm(join(this.folder, ip), { force: true });
  }

  async removeAll(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

const isAddress = (text: string) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
