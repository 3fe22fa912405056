import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MasterKey, MemorySubjectKeys, Sealing, SubjectForgotten } from './index.js';

const since = '2026-01-01T00:00:00.000Z';

describe('what is sealed', () => {
  const keys = new MemorySubjectKeys();
  const master = MasterKey.random();
  let sealing: Sealing;
  beforeAll(async () => {
    sealing = await Sealing.open(keys, master);
  });
  const open = (subject: string, purpose: string, text: string) => sealing.unseal({ subject, purpose, text });

  it('says nothing, and is another text each time', async () => {
    const [one, two] = [await sealing.seal('user_a', 'person', 'anna'), await sealing.seal('user_a', 'person', 'anna')];
    expect(one).not.toBe(two);
    expect(Buffer.from(one.slice(3), 'base64url').includes('anna')).toBe(false);
  });

  it('is opened by who knows whose it is and what it is for', async () => {
    const text = await sealing.seal('user_a', 'person', 'Ännä \u{1f600}');
    expect(await open('user_a', 'person', text)).toBe('Ännä \u{1f600}');
    await expect(open('user_a', 'password', text)).rejects.toThrow();
    await sealing.seal('user_b', 'person', '');
    await expect(open('user_b', 'person', text)).rejects.toThrow();
  });

  it('is refused when a single bit was changed', async () => {
    const text = await sealing.seal('user_a', 'person', 'anna');
    const bytes = Buffer.from(text.slice(3), 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(open('user_a', 'person', `v1.${changed.toString('base64url')}`)).rejects.toThrow();
    }
    await expect(open('user_a', 'person', `v2.${text.slice(3)}`)).rejects.toThrow('a form that is not known');
  });

  it('is nobody’s when its subject is forgotten, and others keep theirs', async () => {
    const gone = { subject: 'user_gone', purpose: 'person', text: await sealing.seal('user_gone', 'person', 'x') };
    const kept = { subject: 'user_kept', purpose: 'person', text: await sealing.seal('user_kept', 'person', 'y') };
    await sealing.forget('user_gone');
    expect(await sealing.unsealAll([gone, kept, gone])).toEqual([undefined, 'y', undefined]);
    await expect(sealing.seal('user_gone', 'person', 'again')).rejects.toThrow(SubjectForgotten);
  });

  it('is found by its names, of which only digests are kept', async () => {
    await sealing.seal('user_n', 'person', 'n');
    expect(await sealing.name('user_n', ['name', 'mail@example.org'], since)).toEqual([]);
    expect(await sealing.find('mail@example.org')).toEqual({ subject: 'user_n', since });
    expect(await keys.find('mail@example.org')).toBeUndefined();
    await sealing.seal('user_m', 'person', 'm');
    expect(await sealing.name('user_m', ['other', 'name'], since)).toEqual(['name']);
  });
});

describe('the master key', () => {
  let folder: string;
  const file = () => join(folder, 'master.key');
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-sealing-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made once, even by ten at the same moment, and only its owner can read it', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => MasterKey.ensure(file())));
    const again = await MasterKey.ensure(file());
    expect(new Set([...made, again].map((key) => key.digest('x'))).size).toBe(1);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['master.key']);
  });

  it('is refused with a sentence when others may read it, or it is none', async () => {
    await MasterKey.ensure(file());
    await chmod(file(), 0o640);
    await expect(MasterKey.ensure(file())).rejects.toThrow(`others may read ${file()}`);
    await chmod(file(), 0o600);
    await writeFile(file(), 'half');
    await expect(MasterKey.ensure(file())).rejects.toThrow('holds no master key');
    expect(await readFile(file(), 'utf8')).toBe('half');
  });

  it('that is another than the one before is noticed at once', async () => {
    const keys = new MemorySubjectKeys();
    const sealing = await Sealing.open(keys, await MasterKey.ensure(file()));
    await sealing.seal('user_a', 'person', 'anna');
    await Sealing.open(keys, await MasterKey.ensure(file()));
    await rm(file());
    await expect(Sealing.open(keys, await MasterKey.ensure(file()))).rejects.toThrow('not the one that this database');
  });

  it('that is gone is not replaced by one that opens nothing', async () => {
    const keys = new MemorySubjectKeys();
    await (await Sealing.with(keys, file())).seal('user_a', 'person', 'anna');
    await rm(file());
    await expect(Sealing.with(keys, file())).rejects.toThrow(`${file()} is gone`);
    expect(await readdir(folder)).toEqual([]);
  });
});
