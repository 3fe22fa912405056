import { againstCloud, pageOf as page } from '../testing/against-cloud.js';
import { small, web } from '../testing/things.js';

const { open, ask } = againstCloud();

describe('forms of an answer', () => {
  it('shows a list as an aligned table, with wide letters counted as two', async () => {
    const wide = { ...small, id: 'flv_2', name: '小型', vcpus: 16 };
    await open({ 'flavors.list': () => page(small, wide) });
    const { stdout, exit } = await ask(['flavor', 'list']);
    expect(exit).toBe(0);
    expect(stdout).toBe(
      'NAME   VCPUS  MEMORY_MIB  DISK_GIB  ID\n' +
        'small  1      512         4         flv_1\n' +
        '小型   16     512         4         flv_2\n',
    );
  });

  it('prints a list in JSON as one plain array with what every object carries', async () => {
    await open({ 'instances.list': () => page(web) });
    const { stdout } = await ask(['instance', 'list', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual([web]);
  });

  it('prints names one per line, YAML, and one object for show; flags may stand before the verb', async () => {
    await open({ 'instances.list': () => page(web, { ...web, name: 'web-2' }), 'instances.show': () => web });
    expect((await ask(['-o', 'name', 'instance', 'list'])).stdout).toBe('web-1\nweb-2\n');
    expect((await ask(['instance', '--output', 'yaml', 'show', 'web-1'])).stdout).toContain(
      'name: web-1\nstatus: running\n',
    );
    expect(JSON.parse((await ask(['instance', 'show', 'web-1', '-ojson'])).stdout)).toEqual(web);
    expect((await ask(['instance', 'show', 'web-1'])).stdout).toContain('status        running\n');
  });

  it('follows all pages, or stops at the limit', async () => {
    const pages = ({ query }: { query: Readonly<Record<string, unknown>> }) =>
      query['pageToken'] === undefined
        ? { items: [small, small], nextPageToken: 'second' }
        : { items: [small], nextPageToken: null };
    const cloud = await open({ 'flavors.list': pages });
    expect(JSON.parse((await ask(['flavor', 'list', '-o', 'json'])).stdout)).toHaveLength(3);
    expect(JSON.parse((await ask(['flavor', 'list', '-o', 'json', '--limit', '2'])).stdout)).toHaveLength(2);
    expect(cloud.asked.map(({ query }) => query['pageSize'])).toEqual([1000, 1000, 2]);
  });

  it('shows a control character in a name as a mark and colours only for a terminal that wants it', async () => {
    await open({ 'instances.list': () => page({ ...web, name: 'a\u001b[2Jb' }) });
    expect((await ask(['instance', 'list'], { isTTY: true })).stdout).toContain('\u001b[32mrunning');
    const plain = await ask(['instance', 'list'], { isTTY: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).toContain('a\u{fffd}[2Jb');
    expect(plain.stdout).not.toContain('\u001b');
  });

  it('shows a quota as a row for each resource and sets it', async () => {
    const amounts = { instances: 2, vcpus: 4, memoryMiB: 512, diskGiB: 8 };
    const quota = { tenantId: 'ten_default', limits: amounts, used: { ...amounts, vcpus: 3 } };
    const cloud = await open({ 'quotas.show': () => quota, 'quotas.set': () => quota });
    expect((await ask(['quota', 'show', '--tenant', 'ten_a'])).stdout).toContain('vcpus      3     4\n');
    await ask(['quota', 'set', '--vcpus', '4']);
    expect(cloud.asked[0]?.headers['strata-tenant']).toBe('ten_a');
    expect(cloud.of('quotas.set')[0]?.body).toEqual({ vcpus: 4 });
  });
});
