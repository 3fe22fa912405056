import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createOverlay, firstBootText, type Image, ImageCache, missingTools, whyOnlyRootBuilds } from './index.js';
import { QemuGuest } from './qemu-guest.fixtures.js';

const execute = promisify(execFile);

const lacking = [
  ...(await missingTools()),
  ...(existsSync('/usr/bin/qemu-system-x86_64') ? [] : ['qemu-system-x86']),
  ...((await whyOnlyRootBuilds()) === undefined ? [] : ['a user namespace, or root']),
];
if (lacking.length > 0) console.warn(`SKIPPED: a real image needs ${lacking.join(', ')}`);

(lacking.length === 0 ? describe : describe.skip)('a tiny image, really built and booted', () => {
  let folder: string;
  let cache: ImageCache;
  let image: Image;
  const notes: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'guest-images-'));
    cache = new ImageCache(join(folder, 'cache'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is built once for two who ask, past the remains of a killed build, and says what it is doing', async () => {
    const remains = join(folder, 'cache/building-killed');
    await mkdir(remains, { recursive: true });
    const [first, second] = await Promise.all([
      cache.build('tiny', (done, total, note) => notes.push(`${done}/${total} ${note}`)),
      cache.build('tiny', () => undefined),
    ]);
    image = first;
    expect(second).toEqual(first);
    expect(notes[0]).toBe('0/1 ask apt for packages');
    expect(notes.join()).toContain('download packages');
    expect(notes.at(-1)).toMatch(/^(\d+)\/\1 image is ready$/);
    expect(await readdir(join(folder, 'cache'))).toEqual([image.digest, 'lock', 'packages'].sort());
    expect((await stat(image.disk)).mode & 0o777).toBe(0o444);
  }, 120_000);

  it('is found again without work, by anybody', async () => {
    const seen: string[] = [];
    const other = new ImageCache(join(folder, 'cache'));
    expect(await other.build('tiny', (_, __, note) => seen.push(note))).toEqual(image);
    expect(seen).toEqual(['ask apt for packages', 'image is there']);
    expect(await other.find(image.digest)).toEqual(image);
    expect(await other.find('../packages')).toBeUndefined();
    expect(await other.list()).toEqual([image]);
  }, 30_000);

  /** What the ext4 of an image says of one of its files, without mounting it. */
  const statOf = async (disk: string, path: string): Promise<string> => {
    const raw = join(folder, 'raw');
    await execute('qemu-img', ['convert', '-O', 'raw', disk, raw]);
    return (await execute('debugfs', ['-R', `stat ${path}`, raw])).stdout;
  };

  const isRoot = process.getuid?.() === 0;
  const opensToNobody =
    isRoot && spawnSync('unshare', ['--map-root-user', 'true'], { uid: 65_534, gid: 65_534, cwd: '/' }).status === 0;
  if (isRoot && !opensToNobody) console.warn('SKIPPED: an image of nobody needs a user namespace');
  (opensToNobody ? it : it.skip)(
    'is the same image, of which root owns every file, when an ordinary user builds it',
    async () => {
      const own = join(folder, 'own');
      await mkdir(own);
      await chown(own, 65_534, 65_534);
      await chmod(folder, 0o755);
      const library = new URL('./index.js', import.meta.url).href;
      const script = `
        const { ImageCache } = await import(${JSON.stringify(library)});
        const cache = new ImageCache(${JSON.stringify(own)});
        console.log(JSON.stringify(await cache.build('tiny', () => undefined)));`;
      const nobody = { uid: 65_534, gid: 65_534, cwd: '/', env: { PATH: process.env['PATH'], HOME: own } };
      const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', script], nobody);
      expect(stdout).toContain(image.digest);
      const disk = join(own, image.digest, 'disk.qcow2');
      expect((await stat(disk)).uid).toBe(65_534);
      expect(await statOf(disk, '/usr/lib/strata/agent')).toMatch(/User: +0 +Group: +0 /);
      await new ImageCache(own).removeAll();
      expect(existsSync(own)).toBe(false);
    },
    120_000,
  );

  it('is never overwritten by a disk, nor is a disk by another', async () => {
    const disk = join(folder, 'mine.qcow2');
    await writeFile(disk, 'precious');
    await expect(createOverlay(image, disk, 1)).rejects.toThrow('EEXIST');
    expect(await readFile(disk, 'utf8')).toBe('precious');
    await expect(createOverlay(image, join(folder, 'small.qcow2'), 0)).rejects.toThrow('at least 1 GiB');
    expect((await readdir(folder)).filter((name) => name.endsWith('.draft'))).toEqual([]);
  });

  it('boots, is who it was told to be, runs its script once, grows its disk, reboots and powers off', async () => {
    const machine = join(folder, 'machine');
    await mkdir(machine);
    await chmod(machine, 0o700);
    const script = '#!/bin/sh\necho run >> /root/runs\nexit 3\n';
    const given = firstBootText({ hostname: 'web-1', sshKeys: ['ssh-ed25519 AAAA ada'], script });
    await using guest = await QemuGuest.boot(image, machine, given, ['-m', '128']);
    const answeredMs = await guest.agentAnswers(60_000);
    console.info(`tiny: the agent answered after ${answeredMs} ms`);

    expect((await guest.exec('uname', '-a')).output).toMatch(/^Linux web-1 .*Debian/);
    expect((await guest.exec('cat', '/root/.ssh/authorized_keys')).output).toBe('ssh-ed25519 AAAA ada\n');
    expect((await guest.exec('sh', '-c', 'exit 7')).code).toBe(7);
    expect((await guest.exec('ip', 'addr')).output).toContain('127.0.0.1/8');
    const awaitExit = 'until [ -s /var/lib/strata/exit-code ]; do usleep 50000; done; cat /var/lib/strata/exit-code';
    expect((await guest.exec('sh', '-c', awaitExit)).output).toBe('3\n');
    const kilobytes = (await guest.exec('sh', '-c', "df -k / | tail -n 1 | awk '{print $2}'")).output;
    expect(Number(kilobytes)).toBeGreaterThan(1.8 * 2 ** 20);

    await guest.reboots(60_000);
    expect((await guest.exec('sh', '-c', 'hostname; cat /root/runs')).output).toBe('web-1\nrun\n');
    expect(await guest.serial()).toContain('strata: web-1 booted after');
    await guest.pressPower();
    expect(await guest.off(30_000)).toBe(true);
  }, 150_000);

  it('is gone when removed, and may be removed again', async () => {
    await cache.remove(image.digest);
    await cache.remove(image.digest);
    expect(await cache.list()).toEqual([]);
    expect(existsSync(image.folder)).toBe(false);
  });
});
