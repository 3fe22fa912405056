import type { Endpoint } from '@strata/contracts';
import { usage } from '../ask/failure.js';
import type { Call, Flag } from './verb.js';

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `5m` is five minutes before now; what the contract knows is left to it. */
const instantOf = (word: string): string => {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(word) ?? [];
  if (count !== undefined) return new Date(Date.now() - Number(count) * (seconds[unit] ?? 0) * 1_000).toISOString();
  if (/^\d{1,15}$/.test(word) || /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(word)) return word;
  throw usage(`"${word}" is no instant`, {
    help: 'Say 2026-11-22T10:00:00Z, a position of the log, or 90s, 5m, 2h, 1d ago.',
  });
};

const at: Flag = {
  spec: '--at <instant>',
  into: 'at',
  text: 'as it was: a time (RFC 3339), a position of the log, or how long ago (90s, 5m, 2h, 1d)',
  read: instantOf,
};

/** Whatever is read can be read as it was. */
export const pastOf = ({ query }: Endpoint): readonly Flag[] => (query && 'at' in query.shape ? [at] : []);

/** At the foot of a table that shows the past: where in the log it is true. */
export const footOf = (
  { given, globals, io }: Pick<Call, 'given' | 'globals' | 'io'>,
  headers: Headers | undefined,
): void => {
  const position = headers?.get('strata-position') ?? null;
  if (given['at'] === undefined || globals.output !== 'table' || position === null) return;
  const time = headers?.get('strata-at') ?? 'before the first event';
  io.stderr.write(`as of position ${position}, ${time}\n`);
};
