import { uuidOf } from './disk.js';
import { guestFiles } from './guest-files.js';
import type { Package } from './packages.js';
import { digestOf, type Plan } from './plan.js';

const a: Package = { name: 'a', version: '1', architecture: 'amd64', sha256: '11', depends: '', stanza: 'Package: a' };
const b: Package = { ...a, name: 'b', sha256: '22' };
const script = { path: 'sbin/x', content: Buffer.from('#!/bin/sh\n'), executable: true };
const plan: Omit<Plan, 'digest'> = {
  recipe: 'tiny',
  virtualGiB: 1,
  packages: [a, b],
  kernel: { ...a, name: 'linux' },
  busybox: b,
  sources: [],
  initramfs: [script],
  files: [script],
};

describe('the digest of an image', () => {
  const digest = digestOf(plan);

  it('does not depend on the order in which apt lists packages, nor on what else it says about them', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(digestOf({ ...plan, packages: [b, { ...a, stanza: 'Package: a\nTag: new' }] })).toBe(digest);
  });

  const changes: Record<string, Partial<Plan>> = {
    recipe: { recipe: 'debian-12' },
    size: { virtualGiB: 2 },
    'package version': { packages: [{ ...a, version: '2' }, b] },
    'package content': { packages: [{ ...a, sha256: '33' }, b] },
    'set of packages': { packages: [a] },
    kernel: { kernel: { ...plan.kernel, version: '2' } },
    sources: { sources: ['deb http://archive.example bookworm main'] },
    'script of the guest': { files: [{ ...script, content: Buffer.from('#!/bin/sh\ntrue\n') }] },
    'script of the initramfs': { initramfs: [{ ...script, executable: false }] },
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`changes with the ${what}`, () => expect(digestOf({ ...plan, ...change })).not.toBe(digest));
  }

  it('gives the file system a UUID of its own', () => {
    expect(uuidOf(digest)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidOf('0'.repeat(64))).not.toBe(uuidOf(digest));
  });
});

describe('the files of a guest', () => {
  it('are found from compiled code, sorted, with scripts executable', async () => {
    const files = await guestFiles('shared', 'tiny');
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual([...paths].sort());
    expect(paths).toContain('etc/inittab');
    expect(files.find(({ path }) => path === 'usr/lib/strata/agent')?.executable).toBe(true);
    expect(files.find(({ path }) => path === 'etc/inittab')?.executable).toBe(false);
  });
});
