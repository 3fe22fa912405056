import { createHash } from 'node:crypto';
import { type GuestFile, guestFiles } from './guest-files.js';
import { debian12Sources, type Package, resolveCandidate, resolveKernel, resolvePackages } from './packages.js';
import { cmdline, ingredients, type Recipe, recipeFormat } from './recipes.js';

/** Everything that determines an image, and the digest that stands for it. */
export type Plan = Readonly<{
  recipe: Recipe;
  virtualGiB: number;
  packages: readonly Package[];
  kernel: Package;
  /** The package whose program is the initramfs's shell. */
  busybox: Package;
  sources: readonly string[];
  initramfs: readonly GuestFile[];
  files: readonly GuestFile[];
  digest: string;
}>;

/** A digest that is equal exactly when everything that goes into the image is equal, in whatever order it was found. */
export function digestOf(plan: Omit<Plan, 'digest'>): string {
  const packageLine = ({ name, version, sha256 }: Package): string => `${name} ${version} ${sha256}`;
  const fileLine = ({ path, content, executable }: GuestFile): string =>
    `${path} ${executable ? 'x' : '-'} ${createHash('sha256').update(content).digest('hex')}`;
  const canonical = [
    recipeFormat,
    plan.recipe,
    plan.virtualGiB,
    cmdline,
    plan.packages.map(packageLine).toSorted(),
    [plan.kernel, plan.busybox].map(packageLine),
    plan.sources.toSorted(),
    plan.initramfs.map(fileLine),
    plan.files.map(fileLine),
  ];
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex');
}

/** Asks apt what the recipe means today. Changes nothing and needs no network. */
export async function planOf(recipe: Recipe, signal: AbortSignal): Promise<Plan> {
  const asked = ingredients[recipe];
  const [packages, kernel, busybox, sources, initramfs, files] = await Promise.all([
    resolvePackages(asked.packages, signal),
    resolveKernel(signal),
    resolveCandidate('busybox-static', signal),
    recipe === 'debian-12' ? debian12Sources(signal) : [],
    guestFiles('initramfs'),
    guestFiles(...asked.files),
  ]);
  const plan = { recipe, virtualGiB: asked.virtualGiB, packages, kernel, busybox, sources, initramfs, files };
  return { ...plan, digest: digestOf(plan) };
}
