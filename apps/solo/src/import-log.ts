import { Logger } from '@nestjs/common';
import { importLogs, learnKeys } from '@strata/event-store';
import { openStores } from './ground.js';
import { settingsOf } from './settings.js';

/*
 * `strata log import`: brings the logs of an export back into a home that has none. It is no part of the server, because a
 * server that has started has begun a log of its own.
 */

// Its output tells what was brought back: a connection that ends with its server is no part of that.
Logger.overrideLogger(['error', 'fatal']);

const [folder = ''] = process.argv.slice(2);
const settings = settingsOf(process.env);
const tell = (line: string) => console.error(`  ${line}`);

try {
  const stores = await openStores(settings, tell);
  const { iaas, identity } = stores;
  const ledgers = { iaas: iaas.ledger, identity: identity.ledger };
  try {
    const manifest = await importLogs({ folder, ledgers });
    await learnKeys(
      settings.home,
      manifest.keys.map(({ publicKey }) => publicKey),
    );
    for (const { name, events, lastHash } of manifest.logs)
      console.log(`${name}: ${events} events, hash ${lastHash ?? '-'}`);
  } finally {
    await stores.close();
  }
} catch (error) {
  console.error(`error: nothing was brought back: ${error instanceof Error ? error.message : String(error)}`);
  if (process.env['STRATA_DEBUG']) console.error(error);
  process.exitCode = 1;
}
