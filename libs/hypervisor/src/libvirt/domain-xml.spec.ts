import type { DomainSpec } from '../hypervisor.js';
import type { Attachment } from './attachment.js';
import { domainXml } from './domain-xml.js';
import { expectGolden } from './golden.fixtures.js';
import { Home } from './home.js';
import { cardXml } from './network-xml.js';
import { userNetwork } from './user-network.js';
import { elementsOf } from './xml.js';

const home = new Home('/srv/strata-golden');
const boot = {
  kernel: '/srv/strata-golden/images/abc/vmlinuz',
  initrd: '/srv/strata-golden/images/abc/initrd',
  cmdline: 'root=/dev/vda rw console=ttyS0 quiet',
  firstBootEntry: 'opt/strata/firstboot',
};

const web: DomainSpec = {
  instanceId: 'inst_web',
  tenantId: 'ten_shop',
  name: 'web',
  vcpus: 2,
  memoryMiB: 512,
  image: { digest: 'abc' },
  diskGiB: 4,
  lease: { networkId: 'net_shop', mac: '52:54:00:00:00:01', ip: '10.1.2.10', name: 'web' },
  firstBoot: { hostname: 'web', sshKeys: [], script: '#!/bin/sh\necho secret\n' },
};

const bridged = ({ lease }: DomainSpec): Attachment => ({
  devices: [cardXml(home.nameOf(lease.networkId), lease.mac)],
  qemuArguments: [],
});

const documentOf = (spec: DomainSpec, accelerator: 'kvm' | 'tcg' = 'tcg'): string =>
  domainXml({ home, spec, applied: 7, accelerator, boot, attachment: bridged(spec) });

describe('the definition of a guest', () => {
  it('is this document without KVM', () => expectGolden('domain-tcg.xml', documentOf(web)));

  it('is this document with KVM', () => expectGolden('domain-kvm.xml', documentOf(web, 'kvm')));

  it('is this document for a tenant who means harm', () =>
    expectGolden('domain-hostile.xml', documentOf({ ...web, name: `<>&"'\n</title><on_crash>preserve\u0000` })));

  it('is this document without root', () => {
    const attachment = { devices: [], qemuArguments: userNetwork(home.nameOf('net_shop'), '10.1.2.0/24', web.lease) };
    const agentSocket = '/run/user/1000/libvirt/strata-web.agent';
    const parts = { home, spec: web, applied: 7, accelerator: 'tcg', boot, attachment, agentSocket } as const;
    expectGolden('domain-session.xml', domainXml(parts));
  });

  it('keeps hostile values inside their element', () => {
    const document = documentOf({ ...web, tenantId: `'/><devices/>`, name: '</title><title>' });
    expect(elementsOf(document, 'title')).toHaveLength(1);
    expect(elementsOf(document, 'devices')).toHaveLength(1);
    expect(elementsOf(document, 'strata:guest')[0]?.get('tenant')).toBe(`'/><devices/>`);
  });

  it('never says what the guest learns at first boot', () => {
    expect(documentOf(web)).not.toContain('secret');
  });

  it('makes no path out of an id that is none', () => {
    expect(() => documentOf({ ...web, instanceId: '../../etc' })).toThrow('is no id');
  });
});
