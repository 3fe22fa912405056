import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Building takes half a minute: what was built for one run of the tests serves the next. */
export const images = join(process.cwd(), '.cache/images');

/** Milliseconds that one sentence about real guests may take, on a machine that does other things too. */
export const patience = 180_000;

/** Waits for a condition, never for a time. @throws when it does not come true within a minute */
export const eventually = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await pause(50)) {
    if (await condition()) return;
  }
  throw new Error(`never: ${what}`);
};

/** Whether the web server of our `tiny` image says `text` at this address. */
export const answersOverHttp = async (ip: string, text: string): Promise<boolean> => {
  const answer = await fetch(`http://${ip}/`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return (await answer?.text())?.includes(text) === true;
};
