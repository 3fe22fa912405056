/** Why something was not done, when neither what was asked nor the data are to blame: it may well work later. */
export type Outage =
  /** The database, or the way to it, is away, starting, stopping or overrun. */
  | 'unreachable'
  /** There is no space left to write to. */
  | 'full';

/**
 * SQLSTATE: connections (08), operator intervention (57P), a question that was called off (57014), serialization and
 * deadlock (40), out of memory, connections or locks (53200, 53300, 53400), a server that only reads (25006), and the disk
 * failing under it (58030).
 */
const UNREACHABLE_STATE = /^(08...|57P..|57014|40...|53[234]00|25006|58030)$/;
const FULL_STATE = '53100';

const UNREACHABLE_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'],
  // No file descriptor, or no process, is left for what was asked.
  ...['EMFILE', 'ENFILE', 'EAGAIN'],
]);
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT']);

/** What pg says, in words only, of connections that broke and of answers that did not come. */
const UNREACHABLE_WORDS =
  /Connection terminated|not queryable|connection error|Query read timeout|timeout exceeded when trying to connect|timeout expired/;

/** What kind of outage an error tells of, itself or by its cause; `undefined` when it is about something else. */
export const outageIn = (error: unknown): Outage | undefined => {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, syscall, cause } = error as Readonly<Record<string, unknown>>; // any object may be asked for its properties
  if (typeof code === 'string') {
    if (code === FULL_STATE || FULL_CODES.has(code)) return 'full';
    if (UNREACHABLE_STATE.test(code) || UNREACHABLE_CODES.has(code)) return 'unreachable';
    // ENOENT also says that a file is missing; only on connecting does it say that nobody listens.
    if (code === 'ENOENT' && syscall === 'connect') return 'unreachable';
  }
  if (error instanceof Error && UNREACHABLE_WORDS.test(error.message)) return 'unreachable';
  if (error instanceof AggregateError) return error.errors.map(outageIn).find((it) => it !== undefined);
  return cause === error ? undefined : outageIn(cause);
};
