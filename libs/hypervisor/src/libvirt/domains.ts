import { rm } from 'node:fs/promises';
import { firstBootEntry } from '@strata/guest-images';
import type { ImageCache } from '@strata/guest-images';
import {
  Affect,
  DomainDestroy,
  DomainMetadata,
  DomainShutdown,
  DomainUndefine,
  isOperationInvalid,
  LibvirtError,
} from '@strata/libvirt';
import type { DomainRef } from '@strata/libvirt';
import { Domains } from '../hypervisor.js';
import type { DomainSpec, Observed, Power } from '../hypervisor.js';
import { refused } from '../refusal.js';
import type { Accelerators } from './accelerator.js';
import type { AttachableNetworks } from './attachment.js';
import type { Daemon, OwnDomain } from './daemon.js';
import { answered, unlessGone } from './daemon.js';
import { hasRoot } from './disks.js';
import { domainXml, markNamespace, markXml } from './domain-xml.js';
import { writeFirstBoot } from './first-boot-file.js';
import { guestStateOf, observedFrom, tenantOf } from './guest-state.js';
import type { GuestState } from './guest-state.js';
import { removeIfEmpty } from './files.js';

/** A start may read a kernel from a cold disk; a plug is pulled only once QEMU has written what it owes. */
const patiently = { deadlineMs: 60_000 };

/** How long a connected agent may think about a shutdown before the power button is pressed instead. */
const politely = { deadlineMs: 5000 };

export class LibvirtDomains extends Domains {
  #seen: ReadonlyMap<string, Observed> = new Map();

  constructor(
    private readonly daemon: Daemon,
    private readonly images: ImageCache,
    private readonly accelerators: Accelerators,
    private readonly networks: AttachableNetworks,
  ) {
    super();
  }

  define(spec: DomainSpec, applied: number): Promise<void> {
    return answered(async () => {
      const { home, libvirt } = this.daemon;
      if (!(await hasRoot(home, spec.instanceId))) throw refused(`instance ${spec.instanceId} has no root disk`);
      const image = await this.images.find(spec.image.digest);
      if (!image) throw refused(`this host has no image ${spec.image.digest}`);
      const attachment = await this.networks.attachmentOf(spec.lease);
      const agentSocket = this.daemon.agentSocketOf(spec.instanceId);
      const accelerator = await this.accelerators.forImage(image);
      const known = await this.#find(spec.instanceId);
      const revision = Math.max(known?.state.applied ?? 0, applied);
      await writeFirstBoot(home, spec);
      const parts = {
        home,
        spec,
        applied: revision,
        accelerator,
        attachment,
        ...(agentSocket !== undefined && { agentSocket }),
        boot: { ...image, firstBootEntry },
      };
      this.daemon.added(await libvirt.call('domainDefineXmlFlags', { xml: domainXml(parts), flags: 0 }));
      // Of a running guest the definition was replaced, not what runs; both shall tell the same.
      if (known && revision > known.state.applied) await this.mark(spec.instanceId, revision);
    });
  }

  start(instanceId: string): Promise<void> {
    return answered(async () => {
      const { dom, state } = await this.#expect(instanceId);
      await this.networks.assertThere(state.definition);
      await this.#reach(dom, 'on', () => this.daemon.slow.call('domainCreateWithFlags', { dom, flags: 0 }, patiently));
    });
  }

  pause(instanceId: string): Promise<void> {
    return answered(async () => {
      const { dom } = await this.#expectRunning(instanceId);
      await this.#reach(dom, 'paused', () => this.daemon.libvirt.call('domainSuspend', { dom }));
    });
  }

  resume(instanceId: string): Promise<void> {
    return answered(async () => {
      const { dom } = await this.#expectRunning(instanceId);
      await this.#reach(dom, 'on', () => this.daemon.libvirt.call('domainResume', { dom }));
    });
  }

  requestShutdown(instanceId: string): Promise<void> {
    return answered(async () => {
      const known = await this.#find(instanceId);
      if (!known || known.state.power === 'off') return;
      if (known.state.power === 'paused') throw refused(`instance ${instanceId} is paused and cannot be asked`);
      const asked = known.state.guestAgent && (await this.#askAgent(known.dom));
      if (asked) return;
      const press = { dom: known.dom, flags: DomainShutdown.AcpiPowerButton };
      await unlessOff(this.daemon.libvirt.call('domainShutdownFlags', press));
    });
  }

  stop(instanceId: string): Promise<void> {
    return answered(async () => {
      const dom = await this.daemon.findDomain(instanceId);
      if (dom) await this.#destroy(instanceId, dom, DomainDestroy.Default);
    });
  }

  reboot(instanceId: string, forced: boolean): Promise<void> {
    return answered(async () => {
      const { dom, state } = await this.#expectRunning(instanceId);
      if (state.power === 'paused') throw refused(`instance ${instanceId} is paused: resume it`);
      const { slow } = this.daemon;
      if (forced || !state.guestAgent) return slow.call('domainReset', { dom, flags: 0 });
      await slow.call('domainReboot', { dom, flags: DomainShutdown.GuestAgent });
    });
  }

  remove(instanceId: string): Promise<void> {
    return answered(async () => {
      const dom = await this.daemon.findDomain(instanceId);
      if (dom) {
        // The definition goes first: from then on nobody can start the guest again between its end and our next call.
        await unlessOff(this.daemon.libvirt.call('domainUndefineFlags', { dom, flags: everything }));
        await this.#destroy(instanceId, dom, DomainDestroy.RemoveLogs);
      }
      const { folder, console, firstBoot } = this.daemon.home.filesOf(instanceId);
      // Logs are rotated: `console.log` is followed by `console.log.0` and older ones.
      for (const file of [console, ...[0, 1, 2, 3].map((n) => `${console}.${n}`), firstBoot])
        await rm(file, { force: true });
      await this.daemon.removeTraces(instanceId);
      await removeIfEmpty(folder);
    });
  }

  mark(instanceId: string, revision: number): Promise<void> {
    return answered(async () => {
      const { libvirt, home } = this.daemon;
      const { dom, state } = await this.#expect(instanceId);
      const applied = Math.max(state.applied, revision);
      const mark = markXml({ homeId: home.id, instanceId, tenantId: tenantOf(state.definition), applied });
      const flags = (state.power === 'off' ? 0 : Affect.Live) | (state.persistent ? Affect.Config : 0);
      const what = { type: DomainMetadata.Element, metadata: String(mark), key: 'strata', uri: markNamespace };
      await libvirt.call('domainSetMetadata', { dom, ...what, flags });
    });
  }

  observe(): Promise<readonly Observed[]> {
    return answered(async () => {
      const seen = await Promise.all((await this.daemon.domains()).map((own) => this.#look(own)));
      this.#seen = new Map(seen.flat().map((guest) => [guest.instanceId, guest]));
      return seen.flat();
    });
  }

  watch(listener: (instanceId: string | undefined) => void): () => void {
    return this.daemon.watch(listener);
  }

  // ── Looking before and after ───────────────────────────────────

  /** A guest that is being destroyed cannot be looked at; it is as it was until it is off. */
  async #look({ instanceId, domain }: OwnDomain): Promise<readonly Observed[]> {
    const before = this.#seen.get(instanceId);
    if (before && this.daemon.isEnding(instanceId)) return [before];
    const state = await guestStateOf(this.daemon.libvirt, domain);
    return state ? [observedFrom(instanceId, state)] : [];
  }

  async #find(instanceId: string): Promise<{ dom: DomainRef; state: GuestState } | undefined> {
    const dom = await this.daemon.findDomain(instanceId);
    const state = dom && (await guestStateOf(this.daemon.libvirt, dom));
    return dom && state && { dom, state };
  }

  async #expect(instanceId: string): Promise<{ dom: DomainRef; state: GuestState }> {
    const known = await this.#find(instanceId);
    if (!known) throw refused(`there is no guest for instance ${instanceId}`);
    return known;
  }

  async #expectRunning(instanceId: string): Promise<{ dom: DomainRef; state: GuestState }> {
    const known = await this.#expect(instanceId);
    if (known.state.power === 'off') throw refused(`instance ${instanceId} is off`);
    return known;
  }

  /** Does `work` and takes a refusal because of the guest's state as success when that state is the wished one. */
  async #reach(dom: DomainRef, power: Power, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isOperationInvalid(error)) throw error;
      const state = await guestStateOf(this.daemon.libvirt, dom);
      if (state?.power !== power) throw error;
    }
  }

  #destroy(instanceId: string, dom: DomainRef, flags: number): Promise<void> {
    return this.daemon.ending(instanceId, async () => {
      await unlessGone(unlessOff(this.daemon.slow.call('domainDestroyFlags', { dom, flags }, patiently)));
    });
  }

  /** Whether the agent took the request. One that is connected but does not answer is as good as none. */
  async #askAgent(dom: DomainRef): Promise<boolean> {
    try {
      const flags = DomainShutdown.GuestAgent;
      await this.daemon.slow.call('domainShutdownFlags', { dom, flags }, politely);
      return true;
    } catch (error) {
      if (error instanceof LibvirtError) return false;
      throw error;
    }
  }
}

const everything =
  DomainUndefine.ManagedSave |
  DomainUndefine.SnapshotsMetadata |
  DomainUndefine.CheckpointsMetadata |
  DomainUndefine.Nvram;

/** Nothing to do for a guest that is off, or for one that has no definition any more. */
const unlessOff = async (work: Promise<unknown>): Promise<void> => {
  try {
    await work;
  } catch (error) {
    if (!isOperationInvalid(error)) throw error;
  }
};
