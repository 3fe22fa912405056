import { parse } from 'yaml';
import { againstCloud, pageOf as page } from '../testing/against-cloud.js';
import { web } from '../testing/things.js';
import { explain } from '../ask/failure.js';
import { guestText } from './harmless.js';

/** What a terminal would obey, or be led astray by. */
const commands = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const words = [
  '\u001b[2J\u001b[H',
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001b]8;;http://evil.example\u0007click\u001b]8;;\u0007',
  '\u009b31m\u009d0;title\u009c',
  'a\rb\bc\u007f',
  '\u202egnp.exe',
  '\u2066\u2067\u200f\u061c',
  'two\nlines',
  '\u0000',
];

const { open, ask } = againstCloud();

describe('S19: other people’s words at a terminal', () => {
  for (const word of words) {
    const shown = { ...web, name: word, statusReason: word, labels: { tier: word } };

    it(`move nothing, in any form of an answer: ${JSON.stringify(word)}`, async () => {
      await open({ 'instances.list': () => page(shown), 'instances.show': () => shown });
      for (const line of [
        ['instance', 'list'],
        ['instance', 'show', 'x'],
      ]) {
        for (const form of ['table', 'name', 'json', 'yaml']) {
          const { stdout, exit } = await ask([...line, '-o', form], { isTTY: true, env: { NO_COLOR: '1' } });
          expect([form, exit]).toEqual([form, 0]);
          expect(stdout).not.toMatch(commands);
        }
      }
    });

    it(`are the same words for a program: ${JSON.stringify(word)}`, async () => {
      await open({ 'instances.show': () => shown });
      expect(JSON.parse((await ask(['instance', 'show', 'x', '-o', 'json'])).stdout)).toEqual(shown);
      expect(parse((await ask(['instance', 'show', 'x', '-o', 'yaml'])).stdout)).toEqual(shown);
    });

    it(`move nothing in an error: ${JSON.stringify(word)}`, () => {
      const text = explain({
        title: word,
        detail: word,
        help: word,
        requestId: word,
        errors: [{ path: word, message: word }],
        details: { x: word, y: [word] },
      });
      expect(text).not.toMatch(commands);
      // Nor do they begin a line that looks like one of ours.
      expect(text.split('\n').filter((line) => !/^( {2}|error: |$)/.test(line))).toEqual([]);
    });
  }

  it('of a guest are lines and colours at a terminal, and whatever they are elsewhere', () => {
    const said = 'ok\r\n\u001b[32mgreen\u001b[0m\t\u001b[2J\u001b]52;c;eA==\u0007\u009b2J\u202ex';
    expect(guestText(said, { write: () => true, isTTY: true })).toBe(
      'ok\r\n\u001b[32mgreen\u001b[0m\t\ufffd[2J\ufffd]52;c;eA==\ufffd\ufffd2J\ufffdx',
    );
    expect(guestText(said, { write: () => true, isTTY: false })).toBe(said);
  });

  it('of a guest come to a terminal that way', async () => {
    await open({
      'instances.exec': () => ({ exitCode: 0, stdout: words.join(''), stderr: words.join('') }),
      'instances.log': () => ({ log: words.join('') }),
    });
    for (const line of [
      ['instance', 'exec', 'x', '--', 'true'],
      ['instance', 'log', 'x'],
    ]) {
      const { stdout, stderr } = await ask(line, { isTTY: true });
      expect(stdout + stderr).not.toMatch(/(?![\n\r\t])[\p{Cc}\u202e]/u);
    }
  });
});
