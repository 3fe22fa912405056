import { DOMParser } from '@xmldom/xmldom';
import type { Element } from '@xmldom/xmldom';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstBootText } from '@strata/guest-images';
import { domainXml, markXml } from './domain-xml.js';
import { Home } from './home.js';
import { LeaseFolder } from './lease-folder.js';
import { cardXml, networkXml } from './network-xml.js';

/** Words that end an attribute, an element, a comment or a line, or name something to be read. */
const words = [
  `"'><&`,
  `'/><disk type='file'><source file='/etc/shadow'/></disk><x y='`,
  '</title><devices><hostdev/></devices><title>',
  ']]><evil/><![CDATA[',
  '--><evil/><!--',
  '<?evil?>',
  '&xxe;&#0;&lt;',
  '<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>',
  'a\ndhcp-option=3,6.6.6.6',
  'a,dhcp-script=/tmp/x',
  'a\r\nhost',
  '$(touch /tmp/x)`id`;id|id',
  '-oProxyCommand=id',
  '\u0000\u0001\u001b[2J\u007f\u009b',
  '\u202eexe.gnp\u2066',
  '\ud800\udfff\ufffe\uffff',
  'x'.repeat(10_240),
  ' \t ',
  '../../etc/passwd',
];

const parsed = (document: string): Element => {
  const parser = new DOMParser({
    onError: (level, message) => {
      // The mark that stands for what XML cannot write.
      if (message.startsWith('Unicode replacement character')) return;
      throw new Error(`${level}: ${message}`);
    },
  });
  const root = parser.parseFromString(document, 'application/xml').documentElement;
  if (!root) throw new Error('no document');
  return root;
};

/** The names of all elements and attributes, in order: what a document is made of, whatever is written in it. */
const outlineOf = (element: Element): readonly string[] => [
  `${element.tagName}(${[...element.attributes].map(({ name }) => name).join()})`,
  ...[...element.childNodes].flatMap((child) => (child.nodeType === 1 ? outlineOf(child as Element) : [])), // 1: an element
];

/** XML has no way to write these: they become a mark. */
const writable = (word: string) => word.toWellFormed().replace(/(?![\n\r\t])\p{Cc}|[\ufffe\uffff]/gu, '\ufffd');

describe('S19: documents that are built from what people write', () => {
  const home = new Home('/tmp');
  const domain = (name: string, tenantId = 'ten_a') =>
    domainXml({
      home,
      spec: {
        instanceId: 'inst_1',
        tenantId,
        name,
        vcpus: 1,
        memoryMiB: 512,
        image: { digest: 'abc' },
        diskGiB: 4,
        lease: { networkId: 'net_1', mac: '52:54:00:00:00:01', ip: '10.0.0.2', name },
        firstBoot: { hostname: 'web', sshKeys: [] },
      },
      applied: 1,
      accelerator: 'tcg',
      boot: { kernel: '/k', initrd: '/i', cmdline: 'console=ttyS0', firstBootEntry: 'opt/strata/firstboot' },
      attachment: { devices: [cardXml('net', '52:54:00:00:00:01')], qemuArguments: [name] },
    });

  for (const word of words) {
    it(`keep their shape, and say it as it is: ${JSON.stringify(word.slice(0, 40))}`, () => {
      const plain = outlineOf(parsed(domain('web')));
      const root = parsed(domain(word, word));
      expect(outlineOf(root)).toEqual(plain);
      const [title] = root.getElementsByTagName('title');
      expect(title?.textContent).toBe(writable(word.replace(/\s+/g, ' ').trim()) || 'inst_1');
      const [mark] = root.getElementsByTagName('strata:guest');
      expect(mark?.getAttribute('tenant')).toBe(writable(word));
      const [, argument] = root.getElementsByTagName('qemu:arg');
      expect((argument ?? root.getElementsByTagName('qemu:arg')[0])?.getAttribute('value')).toBe(writable(word));
      expect(
        parsed(String(markXml({ homeId: word, instanceId: word, tenantId: word, applied: 1 }))).getAttribute('home'),
      ).toBe(writable(word));
    });

    it(`take no line from it: ${JSON.stringify(word.slice(0, 40))}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'strata-leases-'));
      const leases = new LeaseFolder(folder);
      await leases.put({ mac: '52:54:00:00:00:01', ip: '10.0.0.2', name: word });
      expect(await readdir(folder)).toEqual(['10.0.0.2']);
      expect(await readFile(join(folder, '10.0.0.2'), 'utf8')).toMatch(
        /^52:54:00:00:00:01,10\.0\.0\.2(,[a-zA-Z0-9-]{1,63})?\n$/,
      );
      for (const bad of [
        { mac: word, ip: '10.0.0.3', name: 'a' },
        { mac: '52:54:00:00:00:01', ip: word, name: 'a' },
      ]) {
        await expect(leases.put(bad)).rejects.toThrow('is no lease');
      }
      await rm(folder, { recursive: true });

      expect(() => firstBootText({ hostname: word, sshKeys: [] })).toThrow('is no host name');
      const text = () => firstBootText({ hostname: 'web', sshKeys: [`ssh-ed25519 AAAA ${word}`] });
      if (/[\n\r\0]/.test(word)) expect(text).toThrow('one line');
      else expect(text().split('\n')).toHaveLength(3);
    });

    it(`lay no other network for it: ${JSON.stringify(word.slice(0, 40))}`, () => {
      const spec = (name: string) => ({ networkId: 'net_1', name, type: 'nat', cidr: '10.0.0.0/24' }) as const;
      expect(networkXml(home, spec(word))).toBe(networkXml(home, spec('default')));
      expect(() => networkXml(home, { ...spec('default'), cidr: word })).toThrow();
      expect(() => home.nameOf(word)).toThrow();
      expect(() => home.filesOf(word)).toThrow();
    });
  }
});
