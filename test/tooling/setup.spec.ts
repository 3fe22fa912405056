import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from './checkout.js';

const { resolveHome } = await load<{
  resolveHome: (env: { STRATA_HOME?: string }, folder: string, asRoot?: boolean) => string;
}>('deploy/setup/home.mjs');
const { differenceFrom } = await load<{ differenceFrom: (folder: string) => string | undefined }>(
  'deploy/setup/npm-packages.mjs',
);
const { opensFor } = await load<{
  opensFor: (group: number | undefined, node: { mode: number; gid: number }) => boolean;
}>('deploy/setup/kvm.mjs');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-setup-'));
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true }));

describe('the home', () => {
  it('is .strata in the checkout', () => expect(resolveHome({}, folder, true)).toBe(join(folder, '.strata')));

  it('is where STRATA_HOME says, seen from the checkout', () =>
    expect(resolveHome({ STRATA_HOME: '../elsewhere' }, join(folder, 'a'), true)).toBe(join(folder, 'elsewhere')));

  it('moves out of a folder that other users cannot walk through, when they have to', async () => {
    const checkout = join(folder, 'private/strata');
    await mkdir(checkout, { recursive: true });
    await chmod(join(folder, 'private'), 0o700);
    expect(resolveHome({}, checkout, true)).toMatch(/^\/var\/lib\/strata\/[0-9a-f]{12}$/);
    expect(resolveHome({}, checkout, true)).toBe(resolveHome({}, checkout, true));
    expect(resolveHome({}, checkout, false)).toBe(join(checkout, '.strata'));
  });
});

describe('npm packages', () => {
  const wanted = {
    '': { version: '1.0.0' },
    'node_modules/pg': { version: '8.0.0' },
    'node_modules/only-on-windows': { version: '1.0.0', optional: true },
  };
  const place = async (path: string, packages: object) => {
    await mkdir(join(folder, 'node_modules'), { recursive: true });
    await writeFile(join(folder, path), JSON.stringify({ packages }));
  };
  beforeEach(() => place('package-lock.json', wanted));

  it('are missing where npm recorded nothing', () => expect(differenceFrom(folder)).toBe('not installed yet'));

  it('are complete without what belongs to other platforms', async () => {
    await place('node_modules/.package-lock.json', { 'node_modules/pg': { version: '8.0.0' } });
    expect(differenceFrom(folder)).toBeUndefined();
  });

  it('differ by one that is absent', async () => {
    await place('node_modules/.package-lock.json', {});
    expect(differenceFrom(folder)).toBe('pg is not as package-lock.json wants it');
  });

  it('differ by one of another version', async () => {
    await place('node_modules/.package-lock.json', { 'node_modules/pg': { version: '7.9.0' } });
    expect(differenceFrom(folder)).toBe('pg is not as package-lock.json wants it');
  });
});

describe('/dev/kvm', () => {
  it('is open to QEMU as a member of its group', () => expect(opensFor(107, { mode: 0o20660, gid: 107 })).toBe(true));
  it('is open to QEMU as anybody', () => expect(opensFor(107, { mode: 0o20666, gid: 0 })).toBe(true));
  it('is closed when it is only root’s', () => expect(opensFor(107, { mode: 0o20600, gid: 0 })).toBe(false));
  it('is closed when another group owns it', () => expect(opensFor(107, { mode: 0o20660, gid: 0 })).toBe(false));
});
