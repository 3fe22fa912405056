import { rm } from 'node:fs/promises';
import { inspect, plant } from './planted.js';

const use = (from: string) => `import * as used from '${from}';\nexport const it = used;\n`;

const innocent = {
  'node_modules/typeorm/package.json': '{ "name": "typeorm", "main": "index.js" }',
  'node_modules/typeorm/index.js': 'exports.EntitySchema = 1;\n',
  'libs/contracts/src/index.ts': 'export const contracts = 1;\n',
  'libs/event-sourcing/src/index.ts': 'export const kernel = 1;\n',
  'libs/hypervisor/src/libvirt/driver.ts': use('node:fs'),
  'libs/http/src/inside.ts': use('typeorm'),
  'libs/http/src/example.fixtures.ts': use('./inside.js'),
  'apps/identity/src/tenant/tenant.ts': use('@strata/event-sourcing'),
  'apps/iaas/src/volume/volume.ts': use('@strata/contracts'),
  'apps/iaas/src/volume/volume.view.ts': use('typeorm'),
  'apps/iaas/src/volume/volume.http.ts': use('./volume.js'),
};

/** Each breaks one rule; none breaks the same rule as another, though some break a second one on the way. */
const violations: readonly { rule: string; path: string; imports: string }[] = [
  { rule: 'libs-not-apps', path: 'libs/http/src/curious.ts', imports: '../../../apps/iaas/src/volume/volume.js' },
  {
    rule: 'apps-meet-only-in-contracts',
    path: 'apps/iaas/src/main.ts',
    imports: '../../identity/src/tenant/tenant.js',
  },
  { rule: 'solo-names-only-modules', path: 'apps/solo/src/main.ts', imports: '../../iaas/src/volume/volume.http.js' },
  { rule: 'libs-have-one-door', path: 'apps/agent/src/burglar.ts', imports: '../../../libs/http/src/inside.js' },
  { rule: 'kernel-stands-alone', path: 'libs/event-sourcing/src/log.ts', imports: 'typeorm' },
  { rule: 'contracts-know-only-zod', path: 'libs/contracts/src/log.ts', imports: 'typeorm' },
  { rule: 'libvirt-knows-nothing-of-strata', path: 'libs/libvirt/src/index.ts', imports: '@strata/contracts' },
  { rule: 'rules-know-only-rules', path: 'apps/iaas/src/volume/disk.ts', imports: 'node:fs' },
  { rule: 'rules-reach-no-framework', path: 'apps/iaas/src/volume/row.ts', imports: './volume.view.js' },
  {
    rule: 'drivers-are-chosen-in-modules',
    path: 'apps/agent/src/loop.ts',
    imports: '../../../libs/hypervisor/src/libvirt/driver.js',
  },
  { rule: 'drivers-do-not-meet', path: 'libs/hypervisor/src/simulated/twin.ts', imports: '../libvirt/driver.js' },
  { rule: 'products-not-trials', path: 'libs/http/src/product.ts', imports: './example.fixtures.js' },
  { rule: 'no-circles', path: 'libs/http/src/self.ts', imports: './self.js' },
  { rule: 'nothing-unresolved', path: 'libs/http/src/lost.ts', imports: './gone.js' },
];

const cruise = async (files: Readonly<Record<string, string>>) => {
  const folder = await plant(files);
  const answer = inspect(folder, 'depcruise', 'apps', 'libs', '--config', '.dependency-cruiser.cjs');
  await rm(folder, { recursive: true });
  return answer;
};

describe('the law of folders', () => {
  it('is content with a house in order', async () => {
    const { content, said } = await cruise(innocent);
    expect(said).toContain('no dependency violations found');
    expect(content).toBe(true);
  });

  describe('in a house out of order', () => {
    let broken: Awaited<ReturnType<typeof cruise>>;
    beforeAll(async () => {
      const planted = violations.map(({ path, imports }) => [path, use(imports)] as const);
      broken = await cruise({ ...innocent, ...Object.fromEntries(planted) });
    });

    it('fails', () => expect(broken.content).toBe(false));
    for (const { rule, path } of violations) {
      it(`finds what breaks ${rule}`, () => expect(broken.said).toContain(`error ${rule}: ${path}`));
    }
  });
});
