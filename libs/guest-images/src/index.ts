export { firstBootEntry, firstBootText, type FirstBoot } from './first-boot.js';
export { ImageCache } from './image-cache.js';
export type { Image } from './image.js';
export { whyOnlyRootBuilds } from './namespace.js';
export { createOverlay } from './overlay.js';
export type { Progress } from './progress.js';
export { recipes, type Recipe } from './recipes.js';
export { missingTools } from './tools.js';
