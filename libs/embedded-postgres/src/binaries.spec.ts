import { chmod, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usable } from './binaries.js';

/** Neither who runs the tests nor who owns anything. */
const stranger = { uid: 54_321, gid: 54_321 };

describe('the binaries of the npm package', () => {
  let place: string;
  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'strata-binaries-'));
    await chmod(place, 0o755);
    await mkdir(join(place, 'native', 'bin'), { recursive: true });
    await mkdir(join(place, 'native', 'lib'));
    await writeFile(join(place, 'native', 'lib', 'libpq.so.5.18'), 'library');
    const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
    await writeFile(join(place, 'native', 'pg-symlinks.json'), JSON.stringify(links));
  });
  afterEach(() => rm(place, { recursive: true }));

  it('get the links that npm left out', async () => {
    const native = join(place, 'native');
    expect(await usable(native, place, {})).toBe(native);
    expect(await readlink(join(native, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
    expect(await usable(native, place, {})).toBe(native);
  });

  it('are copied once when the account cannot read them where they lie', async () => {
    await chmod(join(place, 'native'), 0o700);
    const copy = await usable(join(place, 'native'), place, stranger);
    expect(copy).toBe(join(place, 'binaries'));
    expect(await readFile(join(copy, 'lib', 'libpq.so.5'), 'utf8')).toBe('library');
    await writeFile(join(copy, 'mark'), '');
    await usable(join(place, 'native'), place, stranger);
    expect(await readFile(join(copy, 'mark'), 'utf8')).toBe('');
  });
});
