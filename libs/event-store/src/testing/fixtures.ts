import { v4 } from 'uuid';
import type { Meta } from '@strata/event-sourcing';

/** Who asked in tests. Each call is another command, unless told otherwise. */
export const by = (commandId: string = v4(), tenantId = 'ten_1'): Meta => ({
  commandId,
  at: '2026-11-22T09:08:07.650Z',
  tenantId,
  actor: 'user_1',
  correlationId: 'req_1',
  causationId: 'req_1',
});

/** Waits for a condition, never for a time. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 8_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it never came true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
