import { existsSync, readFileSync } from 'node:fs';
import { usage } from '../ask/failure.js';

/** `key=value`; the value may hold further equals signs. */
export const labelOf = (word: string): Readonly<Record<string, string>> => {
  const at = word.indexOf('=');
  if (at < 1) throw usage(`"${word}" is not a label: say key=value`);
  return { [word.slice(0, at)]: word.slice(at + 1) };
};

/** A public key: the words themselves, or the first line of the file that they name. */
export const sshKeyOf = (word: string): string => {
  if (/\s/.test(word) && !existsSync(word)) return word.trim();
  if (!existsSync(word))
    throw usage(`There is no file "${word}"`, { help: 'Name a file with a public key, or give the key.' });
  const line = readFileSync(word, 'utf8').trim().split('\n')[0] ?? '';
  if (line.includes('PRIVATE KEY')) {
    throw usage(`"${word}" is a private key`, {
      help: 'It stays where it is: name the public one, which ends in .pub.',
    });
  }
  return line;
};
