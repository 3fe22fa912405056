/** What happened. A plain, serialisable fact: stored as is, replayed for ever. */
export type Event<Type extends string = string, Data = object> = Readonly<{ type: Type; data: Readonly<Data> }>;

/** A refusal is an answer, not an accident: it is returned, never thrown. */
export class Rejection<Code extends string = string> {
  constructor(
    /** `noun.reason`, for programs. */
    readonly code: Code,
    /** A sentence for people. */
    readonly reason: string,
    /** What helps a program to go on, such as the allowed verbs. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {}
}

export const reject = (code: string, reason: string, details?: Readonly<Record<string, unknown>>) =>
  new Rejection(code, reason, details);

/** No events means: already so, nothing to add. That is what makes a command safe to send twice. */
export type Decision<E extends Event> = readonly E[] | Rejection;

/** The tenant that the platform's own things belong to: hosts, images, flavors. */
export const PLATFORM = 'ten_platform';

/** The rules of one aggregate, as pure functions. No clock, no random, no I/O. */
export type Decider<C, E extends Event, S> = Readonly<{
  /** The bare noun: part of the stream's name. */
  name: string;
  /** `platform`: its things belong to nobody else, whoever asks for a change. Else each belongs to the tenant that asks. */
  scope?: 'platform';
  initialState: S;
  decide(command: C, state: S): Decision<E>;
  evolve(state: S, event: E): S;
}>;

/** Deleting a case from a `switch` that ends here no longer compiles. */
export const unreachable = (value: never): never => {
  throw new Error(`no case for ${JSON.stringify(value)}`);
};
