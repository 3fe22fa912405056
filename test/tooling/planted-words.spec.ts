import { rm } from 'node:fs/promises';
import { load } from './checkout.js';
import { inspect, plant } from './planted.js';

const { bannedWords } = await load<{ bannedWords: (root: string) => string[] }>('deploy/check/words.mjs');

describe('lint', () => {
  const rules = 'apps/iaas/src/volume/volume.ts';
  const impure: readonly { what: string; text: string }[] = [
    { what: 'reads the clock by new Date()', text: 'export const at = new Date();\n' },
    { what: 'reads the clock by Date.now()', text: 'export const at = Date.now();\n' },
    { what: 'throws dice', text: 'export const id = Math.random();\n' },
    { what: 'makes ids', text: 'export const id = crypto.randomUUID();\n' },
    { what: 'is asynchronous', text: 'export const decide = async () => [];\n' },
    { what: 'has an asynchronous method', text: 'export const it = { async decide() {} };\n' },
  ];
  const lint = (folder: string) => inspect(folder, 'oxlint', 'apps', 'libs');

  for (const { what, text } of impure) {
    it(`refuses a rule that ${what}`, async () => {
      const folder = await plant({ [rules]: text, 'libs/http/src/index.ts': 'export {};\n' });
      const { content, said } = lint(folder);
      expect(said).toContain('strata(rules-are-pure)');
      expect(content).toBe(false);
      await rm(folder, { recursive: true });
    });
  }

  it('lets everybody else do so, and rules turn a given time into a date', async () => {
    const folder = await plant({
      [rules]: 'export const at = new Date(0);\n',
      'apps/iaas/src/volume/volume.http.ts': 'export const at = new Date();\n',
      'libs/http/src/index.ts': 'export const decide = async () => Date.now();\n',
    });
    expect(lint(folder)).toMatchObject({ content: true });
    await rm(folder, { recursive: true });
  });

  for (const [rule, text] of [
    ['no-explicit-any', 'export const it = (value: any) => String(value);\n'],
    ['no-non-null-assertion', 'export const it = (value?: string) => value!;\n'],
    ['no-console', 'console.log(1);\nexport {};\n'],
  ] as const) {
    it(`refuses what breaks ${rule} in a library`, async () => {
      const folder = await plant({ 'libs/http/src/index.ts': text, 'apps/iaas/src/main.ts': 'export {};\n' });
      expect(lint(folder).said).toContain(`(${rule})`);
      await rm(folder, { recursive: true });
    });
  }
});

describe('banned words', () => {
  // Put together here, so that this file does not hold them itself.
  const banned = [
    ['jest', '.mock'].join(''),
    ['jest', '.fn'].join(''),
    ['it', '.only'].join(''),
    ['TO', 'DO'].join(''),
    ['FIX', 'ME'].join(''),
    ["'/ho", 'me/somebody/x'].join(''),
  ];

  for (const word of banned) {
    it(`are found: ${word}`, async () => {
      const folder = await plant({ 'libs/http/src/a.ts': `export {};\n// so ${word} goes\n` });
      expect(bannedWords(folder)).toEqual([expect.stringContaining('libs/http/src/a.ts:2')]);
      await rm(folder, { recursive: true });
    });
  }

  it('are not found where there are none', async () => {
    const folder = await plant({ 'libs/http/src/a.ts': "export const home = '/root/.ssh/authorized_keys';\n" });
    expect(bannedWords(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });
});
