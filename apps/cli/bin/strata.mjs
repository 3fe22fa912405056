#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../../../dist/apps/cli/src/main.js', import.meta.url);

if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('error: this checkout is not built yet\n  Run `npm start` once: it installs, builds and serves.');
  process.exitCode = 1;
}
