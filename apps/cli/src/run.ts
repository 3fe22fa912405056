import { CommanderError } from 'commander';
import { Client } from './ask/client.js';
import { Failure, exits, explain } from './ask/failure.js';
import { versionOf } from './ask/home.js';
import { settingsOf } from './ask/settings.js';
import type { Io } from './io.js';
import { programOf } from './program.js';

/**
 * Runs one command line.
 * @param argv the words after `strata`
 * @returns the exit code
 */
export const run = async (argv: readonly string[], io: Io): Promise<number> => {
  let exit: number = exits.ok;
  const program = programOf(io, versionOf(io.checkout), async (verb, given, globals) => {
    let client: Client | undefined;
    const call = {
      verb,
      given,
      globals,
      io,
      client: () => (client ??= new Client(settingsOf(io, globals), io, globals)),
    };
    exit = (await verb.perform(call)) ?? exits.ok;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    // Commander has written its own sentence already, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.ok : exits.usage;
    if (io.signal.aborted && !(error instanceof Failure)) return exits.interrupted;
    if (!(error instanceof Failure)) throw error;
    io.stderr.write(explain(error.explanation));
    return error.exit;
  }
};
