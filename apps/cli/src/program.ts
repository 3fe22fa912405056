import { Command, InvalidArgumentError, Option } from 'commander';
import { usage } from './ask/failure.js';
import type { Given } from './ask/request.js';
import type { Globals, Io } from './io.js';
import { outputs } from './io.js';
import { nouns, verbs } from './menu.js';
import type { Flag, Verb } from './nouns/verb.js';

/** Help is laid out for this many columns, so that it reads the same everywhere. */
const helpWidth = 100;

const positive = (word: string): number => {
  if (!(Number(word) > 0)) throw new InvalidArgumentError('It is a number of seconds.');
  return Number(word);
};

const globalOptions = (): readonly Option[] => [
  new Option('-o, --output <form>', 'form of the answer').choices([...outputs]).default('table'),
  new Option('--wait', 'wait for operations to end (default)').conflicts('async'),
  new Option('--async', 'print the operation instead of waiting for its end'),
  new Option('--timeout <seconds>', 'give up waiting; the operation goes on').argParser(positive),
  new Option('--tenant <tenant>', 'act for this tenant, by name or id'),
  new Option('--dry-run', 'say what would be answered and change nothing'),
  new Option('--idempotency-key <key>', 'asking again with it is asking once'),
  new Option('--api <url>', 'the API to ask (default: STRATA_API, else the cloud of this checkout)'),
  new Option('--debug', 'show requests, ids and timings on standard error'),
];

const globalsOf = (options: Record<string, unknown>): Globals => {
  // The options are declared above with these names, readers and choices.
  const { timeout, ...rest } = options as Record<string, never>;
  return {
    output: rest['output'] ?? 'table',
    async: rest['async'] ?? false,
    deadline: timeout === undefined ? undefined : Date.now() + timeout * 1000,
    timeoutSeconds: timeout,
    tenant: rest['tenant'],
    dryRun: rest['dryRun'] ?? false,
    idempotencyKey: rest['idempotencyKey'],
    debug: rest['debug'] ?? false,
    api: rest['api'],
  };
};

const optionOf = (flag: Flag): Option => {
  const option = new Option(flag.spec, flag.text);
  if (flag.required) option.makeOptionMandatory();
  if (flag.unless) option.conflicts(new Option(flag.unless).attributeName());
  const { read = (word: string): unknown => word, repeats } = flag;
  if (flag.means === undefined) {
    option.argParser((word: string, before: unknown) => {
      if (repeats === 'list') return [before ?? [], read(word)].flat();
      return repeats === 'record' ? Object.assign({}, before, read(word)) : read(word);
    });
  }
  return option;
};

const givenOf = (verb: Verb, command: Command): Given => {
  const given: Record<string, unknown> = {};
  verb.takes.forEach(({ into }, at) => {
    const word: unknown = command.processedArgs[at];
    given[into] = word;
  });
  for (const flag of verb.flags) {
    const value: unknown = command.getOptionValue(new Option(flag.spec).attributeName());
    if (value !== undefined) given[flag.into] = flag.means ?? value;
  }
  return given;
};

/** What a verb is called with, once its words are read. */
export type Serve = (verb: Verb, given: Given, globals: Globals) => Promise<number | void>;

const addVerb = (parent: Command, verb: Verb, serve: Serve, { stderr }: Io): void => {
  const command = parent.command(verb.name).description(verb.summary);
  for (const { spec, text } of verb.takes) command.argument(spec, text);
  for (const flag of verb.flags) command.addOption(optionOf(flag));
  if (verb.examples?.length) command.addHelpText('after', `\nExample:\n  ${verb.examples.join('\n  ')}`);
  command.action(async () => {
    const globals = globalsOf(command.optsWithGlobals());
    if (globals.dryRun && verb.changes === 'always') throw usage(`"${verb.name}" cannot be tried with --dry-run`);
    if (globals.dryRun && verb.changes === 'dry-runs') stderr.write('dry run: nothing is changed\n');
    await serve(verb, givenOf(verb, command), globals);
  });
};

/** An unknown word is answered with all the words that there are. */
const refuseOthers = (command: Command, kind: string): void => {
  command.on('command:*', ([word]: string[]) => {
    const there = command.commands.map((it) => it.name()).join(', ');
    throw usage(`There is no ${kind} "${word}"`, {
      detail: `There is: ${there}`,
      help: `See \`${fullName(command)} --help\`.`,
    });
  });
};

const fullName = (command: Command): string =>
  command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();

/** The whole command line, built from the menu. */
export const programOf = (io: Io, version: string, serve: Serve): Command => {
  const { stdout, stderr } = io;
  const program = new Command('strata')
    .description('Strata, a private cloud on one event log')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('See --help for what may be said here.');
  for (const option of globalOptions()) program.addOption(option);
  for (const verb of verbs) addVerb(program, verb, serve, io);
  for (const noun of nouns) {
    const command = program.command(noun.name).description(noun.summary);
    for (const verb of noun.verbs) addVerb(command, verb, serve, io);
    refuseOthers(command, `verb for ${noun.name}`);
  }
  refuseOthers(program, 'noun or verb');
  return program;
};
