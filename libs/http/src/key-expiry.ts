import type { LoggerService } from '@nestjs/common';
import type { Clock } from '@strata/event-store';
import type { Claims } from './claims.js';

const KEPT_MS = 24 * 3_600_000;
const SWEEP_MS = 3_600_000;

/** Idempotency-Keys are kept for a day. Looks at once, then every hour; returns how to stop. */
export const expireKeys = (claims: Claims, clock: Clock, logger: LoggerService): (() => void) => {
  let stop = () => {};
  const sweep = () => {
    const before = new Date(Date.parse(clock.now()) - KEPT_MS).toISOString();
    claims.forget(before).catch((error: unknown) => {
      logger.warn(`old Idempotency-Keys stay for another hour: ${String(error)}`, 'http');
    });
    stop = clock.after(SWEEP_MS, sweep);
  };
  sweep();
  return () => stop();
};
