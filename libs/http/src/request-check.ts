import type { Endpoint } from '@strata/contracts';
import { z } from 'zod';
import { NO_TEXT, isText } from './i-json.js';
import { invalid } from './problem.js';

type Parts = Readonly<{ params: unknown; query: unknown; body: unknown }>;
type FieldError = Readonly<{ path: string; message: string }>;
type Checked = Readonly<{ params: object; query: Readonly<Record<string, unknown>>; body: unknown }>;

const NOTHING = z.strictObject({});

/**
 * Checks what is asked against the contract, and tells everything that is wrong with it at once. Parameters that the
 * contract does not know are refused, because a misspelt filter that is ignored answers another question.
 * @throws ProblemError `request.invalid`
 */
export const checkFor = (endpoint: Endpoint): ((parts: Parts) => Checked) => {
  const shapes = {
    params: endpoint.params ?? NOTHING,
    query: (endpoint.query ?? NOTHING).strict(),
    body: endpoint.body ?? NOTHING.optional(),
  };
  return (parts) => {
    refuseNoText(parts);
    const params = shapes.params.safeParse(parts.params ?? {});
    const query = shapes.query.safeParse(parts.query ?? {});
    const body = shapes.body.safeParse(parts.body);
    if (params.success && query.success && body.success) {
      return { params: params.data, query: query.data, body: endpoint.body && body.data };
    }
    throw invalid([
      ...errorsOf('path.', params.error),
      ...errorsOf('query.', query.error),
      ...errorsOf('', body.error).map((it) => ({ ...it, path: it.path || 'body' })),
    ]);
  };
};

/** What is written as `%00` in an address is no more text than in a body. */
const refuseNoText = ({ params, query }: Parts): void => {
  const errors = Object.entries({ path: params, query }).flatMap(([place, words]) =>
    Object.entries(words ?? {}).flatMap(([name, word]: [string, unknown]) =>
      [name, word].flat().every((it) => typeof it !== 'string' || isText(it))
        ? []
        : [{ path: `${place}.${name.replaceAll('\0', '')}`, message: NO_TEXT }],
    ),
  );
  if (errors.length > 0) throw invalid(errors);
};

const errorsOf = (prefix: string, error: z.ZodError | undefined): readonly FieldError[] =>
  (error?.issues ?? []).flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: prefix + [...issue.path, key].join('.'), message: 'is not known here' }))
      : [{ path: prefix + issue.path.join('.'), message: issue.message }],
  );
