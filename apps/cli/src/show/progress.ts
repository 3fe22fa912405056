import type { Io } from '../io.js';

const EVERY = 200;

/** One line that is written over and over at a terminal; where nobody looks, nothing. */
export const progressLine = ({ stderr }: Io) => {
  let last = Number.NEGATIVE_INFINITY;
  return {
    say(text: string): void {
      if (!stderr.isTTY || performance.now() - last < EVERY) return;
      last = performance.now();
      stderr.write(`\r\u001b[K${text}`);
    },
    end(): void {
      if (stderr.isTTY) stderr.write('\r\u001b[K');
    },
  };
};

/** `1,234,567`, whatever the reader's language is. */
export const grouped = (number: number): string => number.toLocaleString('en');
