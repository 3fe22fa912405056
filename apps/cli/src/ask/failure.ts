import { entryOf } from '@strata/contracts';
import { harmless } from '../show/harmless.js';

/** What scripts rely on. */
export const exits = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  conflict: 5,
  exhausted: 6,
  timeout: 7,
  interrupted: 130,
} as const;

/** What a person reads when a command ends badly. */
export type Explanation = Readonly<{
  title: string;
  detail?: string;
  help?: string;
  code?: string;
  requestId?: string;
  errors?: readonly Readonly<{ path: string; message: string }>[];
  details?: Readonly<Record<string, unknown>>;
}>;

/** Ends the command: every layer below `run` may throw it, only `run` catches it. */
export class Failure extends Error {
  constructor(
    readonly exit: number,
    readonly explanation: Explanation,
    options?: ErrorOptions,
  ) {
    super(explanation.title, options);
  }
}

export const usage = (title: string, more: Omit<Explanation, 'title'> = {}): Failure =>
  new Failure(exits.usage, { title, ...more });

const exhausting = new Set(['quota.exceeded', 'capacity.exhausted', 'network.exhausted']);

const exitsByStatus: Readonly<Record<number, number>> = {
  400: exits.usage,
  401: exits.notAllowed,
  403: exits.notAllowed,
  404: exits.notFound,
  409: exits.conflict,
  413: exits.usage,
  415: exits.usage,
  422: exits.usage,
  429: exits.exhausted,
};

/**
 * The exit code for a problem's code and HTTP status; without a status, the catalogue knows it. A path that the server
 * does not know is no thing that was not found: server and command line are of different versions.
 */
export const exitOf = (code: string | null, status = code === null ? 500 : entryOf(code).status): number => {
  if (code === 'route.not-found') return exits.failure;
  if (code !== null && exhausting.has(code)) return exits.exhausted;
  return exitsByStatus[status] ?? exits.failure;
};

const detailLine = ([name, value]: [string, unknown]): string =>
  `${name}: ${Array.isArray(value) && value.every((it) => typeof it === 'string') ? value.join(', ') : JSON.stringify(value)}`;

/** The lines for standard error: what, why, what to do, and what to quote when asking for help. */
export const explain = ({ title, detail, help, code, requestId, errors, details }: Explanation): string => {
  const lines = [
    detail,
    ...(errors ?? []).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)),
    ...Object.entries(details ?? {}).map(detailLine),
    help,
    [code, requestId && `request ${requestId}`].filter(Boolean).join(', '),
  ];
  return [`error: ${harmless(title)}`, ...lines.flatMap((line) => (line ? `  ${harmless(line)}` : [])), ''].join('\n');
};
