import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawAsyncApi } from './asyncapi.js';
import { drawOpenApi } from './openapi.js';
import type { Json } from './schemas.js';

/** The committed documents: where they lie in the checkout, and how they are drawn. */
export const documents = [
  { path: 'libs/contracts/spec/openapi.json', draw: drawOpenApi },
  { path: 'libs/contracts/spec/asyncapi.json', draw: drawAsyncApi },
] as const;

export const textOf = (document: Json) => `${JSON.stringify(document, null, 2)}\n`;

/** The folder of the checkout, wherever in it the compiled code lies. */
export const checkoutOf = (url: string): string => {
  let folder = dirname(fileURLToPath(url));
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error('this runs outside a checkout');
    folder = above;
  }
  return folder;
};
