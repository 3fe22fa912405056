import { Inject } from '@nestjs/common';
import type { Provider } from '@nestjs/common';
import { CommandHandler } from '@nestjs/cqrs';
import type { Decider, Event, Meta, Rejection } from '@strata/event-sourcing';
import { Aggregates } from './aggregates.js';
import type { Outcome } from './aggregates.js';
import { streamName } from './stream-name.js';

/** A refusal on its way out of a bus, which knows no other way to say no than to throw. */
export class RejectedError extends Error {
  constructor(readonly rejection: Rejection) {
    super(rejection.reason);
  }
}

/** What a command handler returns: what was appended, or nothing because it was already so. */
export type Done = Exclude<Outcome, Readonly<{ rejection: Rejection }>>;

/**
 * One Nest command handler per command class; all of them run {@link Aggregates.execute} on the stream of the id that
 * `idOf` names. They throw {@link RejectedError} on a refusal.
 */
export const commandHandlers = <C extends Readonly<{ meta: Meta }>, E extends Event, S>(
  decider: Decider<C, E, S>,
  idOf: (command: C) => string,
  classes: readonly (Readonly<{ type: string }> & (new (data: never, meta: Meta) => C))[],
): Provider[] =>
  classes.map((Command) => {
    class Handler {
      constructor(private readonly aggregates: Aggregates) {}

      async execute(command: C): Promise<Done> {
        const outcome = await this.aggregates.execute(
          decider,
          streamName(decider, idOf(command), command.meta.tenantId),
          command,
        );
        if ('rejection' in outcome) throw new RejectedError(outcome.rejection);
        return outcome;
      }
    }
    // The decorators are called by hand, because a class inside a function has no place to write them per command.
    Inject(Aggregates)(Handler, undefined, 0);
    CommandHandler(Command)(Handler);
    Object.defineProperty(Handler, 'name', { value: `${Command.type}Handler` });
    return Handler;
  });
