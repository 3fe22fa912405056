// `npm run house`: draws who imports whom into docs/architecture.md, from the code itself.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { picture, pictureFile } from './check/picture.mjs';
import { checkout } from './setup/checkout.mjs';

const { is, shouldBe } = picture(checkout);
if (is !== shouldBe) {
  mkdirSync(dirname(join(checkout, pictureFile)), { recursive: true });
  writeFileSync(join(checkout, pictureFile), shouldBe);
}
console.log(`${pictureFile} ${is === shouldBe ? 'shows the house as it is' : 'redrawn'}`);
