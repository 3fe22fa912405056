import { ConsoleLogger } from '@nestjs/common';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSolo } from './solo.js';
import { settingsOf } from './settings.js';

const settings = settingsOf(process.env);
const pidFile = join(settings.home, 'server.pid');

try {
  const { apiUrl, credentials, position } = await startSolo(settings, {
    logger: new ConsoleLogger({ logLevels: ['warn', 'error', 'fatal'], timestamp: false }),
    tell: (line) => console.log(`  ${line}`),
  });
  const startedAt = new Date().toISOString();
  writeFileSync(pidFile, `${JSON.stringify({ pid: process.pid, startedAt, apiUrl })}\n`);
  process.once('exit', () => rmSync(pidFile, { force: true }));
  console.log(
    [
      `Strata serves (log at position ${position}). Ctrl-C stops it; guests keep running.`,
      `  API          ${apiUrl}/v1  (described at ${apiUrl}/v1/openapi.json)`,
      `  credentials  ${credentials}  (first administrator; readable by you alone)`,
      `  try          npx strata instance create web --image tiny --flavor nano`,
    ].join('\n'),
  );
} catch (error) {
  console.error(`Strata could not start: ${error instanceof Error ? error.message : String(error)}`);
  if (process.env['STRATA_DEBUG']) console.error(error);
  process.exit(1);
}
