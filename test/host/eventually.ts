import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds that one sentence about real guests may take, on a machine that does other things too. */
export const patience = 180_000;

/**
 * Waits for a condition, never for a time.
 * @returns how long it took, in milliseconds
 * @throws when it does not come true within the limit
 */
export const eventually = async (
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 60_000,
): Promise<number> => {
  const begun = performance.now();
  while (!(await condition())) {
    if (performance.now() - begun > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(50);
  }
  return performance.now() - begun;
};
