import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a condition, never for a time. @throws when it does not come true within eight seconds. */
export const until = async (condition: () => boolean): Promise<void> => {
  const deadline = Date.now() + 8000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('what was waited for did not happen');
    await pause(5);
  }
};

/** The error of a call that must fail; a call that worked is no error, and no expectation of one will hold. */
export const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'it worked',
    (error: unknown) => error,
  );
