import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpio } from './cpio.js';

describe('an initramfs archive', () => {
  const content = Buffer.from('#!/bin/sh\n');

  it('follows the newc format byte by byte', () => {
    const archive = cpio([{ type: 'file', path: 'init', content, executable: true }]);
    const header = archive.subarray(0, 110).toString();
    expect(header.slice(0, 6)).toBe('070701');
    expect(Number.parseInt(header.slice(14, 22), 16)).toBe(0o100755);
    expect(Number.parseInt(header.slice(54, 62), 16)).toBe(content.length);
    expect(archive.subarray(110, 115).toString()).toBe('init\0');
    expect(archive.subarray(116, 126)).toEqual(content);
    expect(archive.toString('latin1')).toContain('TRAILER!!!\0');
    expect(archive.length % 4).toBe(0);
  });

  const busybox = existsSync('/bin/busybox');
  if (!busybox) console.warn('SKIPPED: unpacking an archive needs busybox-static');
  (busybox ? it : it.skip)('is what busybox unpacks', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cpio-'));
    try {
      const archive = cpio([
        { type: 'folder', path: 'bin' },
        { type: 'file', path: 'bin/busybox', content, executable: true },
        { type: 'file', path: 'odd', content: Buffer.from('abc'), executable: false },
        { type: 'link', path: 'bin/sh', target: 'busybox' },
      ]);
      execFileSync('busybox', ['cpio', '-i'], { cwd: folder, input: archive, stdio: ['pipe', 'pipe', 'pipe'] });
      expect(readFileSync(join(folder, 'odd'), 'utf8')).toBe('abc');
      expect(readlinkSync(join(folder, 'bin/sh'))).toBe('busybox');
      expect(statSync(join(folder, 'bin/busybox')).mode & 0o777).toBe(0o755);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
