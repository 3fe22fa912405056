import { ImageCache } from './image-cache.js';
import type { Word } from './namespace.js';
import { recipes, type Recipe } from './recipes.js';

/** What `buildInNamespace` starts, as root of a user namespace: `node build-process.js FOLDER RECIPE`. */
const [folder, name] = process.argv.slice(2);

const say = (word: Word): boolean => process.stdout.write(`${JSON.stringify(word)}\n`);

const isRecipe = (text: string | undefined): text is Recipe => text !== undefined && Object.hasOwn(recipes, text);

if (folder === undefined || !isRecipe(name)) throw new Error('usage: build-process FOLDER RECIPE');
try {
  await new ImageCache(folder).build(name, (...progress) => say({ progress }));
} catch (error) {
  // It is a sentence for the person who asked, on the other side of the pipe.
  say({ failure: error instanceof Error ? error.message : String(error) });
}
