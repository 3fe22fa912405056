import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolEnvironment } from '../setup/checkout.mjs';
import { SetupError } from '../setup/progress.mjs';

const open = '<!-- house -->';
const close = '<!-- /house -->';

/** The file that holds the picture, between two marker comments. */
export const pictureFile = 'docs/architecture.md';

/** `libs/http/src/…` belongs to the box `libs/http`. Specs and testing folders are not part of the picture. */
const boxOf = (path) => /^(?:apps|libs)\/[^/]+(?=\/)/.exec(path)?.[0];
const isTrial = (path) => /\.(?:spec|fixtures|contract)\.ts$|\/testing\//.test(path);

const cruise = (root) => {
  const options = ['apps', 'libs', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const { stdout, stderr } = spawnSync('depcruise', options, {
    cwd: root,
    env: toolEnvironment(),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  // Its exit code tells of broken rules, which are not the picture's business.
  if (!stdout) throw new SetupError(`dependency-cruiser drew nothing, see what it says: ${stderr}`);
  return JSON.parse(stdout).modules;
};

const nameOf = (box) => box.split('/')[1];
const idOf = (box) => box.replace(/\W/g, '_');

/** A Mermaid diagram of who imports whom, from the modules that dependency-cruiser found. Sorted, so that it is stable. */
export const diagramOf = (modules) => {
  const boxes = new Set();
  const arrows = new Set();
  for (const { source, dependencies } of modules.filter(({ source }) => boxOf(source) && !isTrial(source))) {
    const from = boxOf(source);
    boxes.add(from);
    for (const { resolved } of dependencies) {
      const to = boxOf(resolved);
      if (to && to !== from && !isTrial(resolved)) arrows.add(`  ${idOf(from)} --> ${idOf(to)}`);
    }
  }
  const group = (kind) => [
    `  subgraph ${kind}`,
    ...[...boxes]
      .filter((box) => box.startsWith(`${kind}/`))
      .sort()
      .map((box) => `    ${idOf(box)}["${nameOf(box)}"]`),
    '  end',
  ];
  return ['```mermaid', 'flowchart TD', ...group('apps'), ...group('libs'), ...[...arrows].sort(), '```'].join('\n');
};

/** The text with its picture replaced; a text without the markers gets them at its end. */
export const withDiagram = (text, diagram) => {
  const block = `${open}\n\n${diagram}\n\n${close}`;
  const [start, end] = [text.indexOf(open), text.indexOf(close)];
  if (start < 0 || end < start) return `${text}${text === '' ? '' : '\n'}${block}\n`;
  return text.slice(0, start) + block + text.slice(end + close.length);
};

/** What the file says, and what it should say, for the code below `root`. */
export const picture = (root) => {
  const path = join(root, pictureFile);
  const is = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return { is, shouldBe: withDiagram(is, diagramOf(cruise(root))) };
};
