import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutOf, documents, textOf } from './documents.js';

// `npm run contracts`: draws the documents anew. The difference is what a change means for outsiders: review it.
const checkout = checkoutOf(import.meta.url);
for (const { path, draw } of documents) {
  writeFileSync(join(checkout, path), textOf(draw()));
  process.stdout.write(`${path}\n`);
}
