import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Words that no committed file may hold. Written so that this list does not match itself. */
const banned = [
  { word: /\bjest\.(?:mock|fn|spyOn)\b/, sentence: 'fakes, not mocks' },
  { word: /\b(?:it|test|describe)\.only\b|\bfit\(|\bfdescribe\(/, sentence: 'a focused test hides all others' },
  { word: /\bTODO\b|\bFIXME\b/, sentence: 'finish it, or write it down where somebody will read it' },
  { word: /(?:^|[\s'"`(=:])\/(?:work|Users|home\/\w+)\//m, sentence: 'a path of one machine means nothing on another' },
];

const read = /\.(?:[cm]?[jt]s|json|ya?ml|md|sh)$/;
const passedBy = new Set(['node_modules', 'dist', 'dist.next', '.git', '.cache', '.strata', 'package-lock.json']);

const filesBelow = (root, folder = '') =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (passedBy.has(entry.name)) return [];
    if (entry.isDirectory()) return filesBelow(root, path);
    return entry.isFile() && read.test(entry.name) ? [path] : [];
  });

const findingsIn = (path, text) =>
  banned.flatMap(({ word, sentence }) => {
    const found = word.exec(text);
    if (!found) return [];
    const line = text.slice(0, found.index).split('\n').length;
    return [`${path}:${line}: "${found[0].trim()}": ${sentence}`];
  });

/** One line for each banned word below a folder, first of its kind in each file. */
export const bannedWords = (root) =>
  filesBelow(root).flatMap((path) => findingsIn(path, readFileSync(join(root, path), 'utf8')));
