import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LeaseFolder } from './lease-folder.js';

describe('the folder of leases', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-leases-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const web = { mac: '52:54:0a:00:00:0b', ip: '10.0.0.11', name: 'web' };

  it('keeps a lease as dnsmasq reads it', async () => {
    const leases = new LeaseFolder(folder);
    await leases.put(web);
    expect(await readFile(join(folder, '10.0.0.11'), 'utf8')).toBe('52:54:0a:00:00:0b,10.0.0.11,web\n');
    expect(await leases.list()).toEqual([web]);
    await leases.remove('10.0.0.11');
    await leases.remove('10.0.0.11');
    expect(await leases.list()).toEqual([]);
  });

  it('leaves out what is no name, whatever it tries to be', async () => {
    const leases = new LeaseFolder(folder);
    await leases.put({ ...web, name: 'web,set:evil\n52:54:00:00:00:01,10.0.0.12' });
    expect(await readFile(join(folder, '10.0.0.11'), 'utf8')).toBe('52:54:0a:00:00:0b,10.0.0.11\n');
  });

  it('takes only addresses', async () => {
    await expect(new LeaseFolder(folder).put({ ...web, ip: '../../etc/passwd' })).rejects.toThrow('is no lease');
    await expect(new LeaseFolder(folder).put({ ...web, mac: 'x' })).rejects.toThrow('is no lease');
  });

  it('that is not there holds nothing', async () =>
    expect(await new LeaseFolder(join(folder, 'none')).list()).toEqual([]));
});
