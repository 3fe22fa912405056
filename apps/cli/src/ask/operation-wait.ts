import type { Operation } from '@strata/contracts';
import { api } from '@strata/contracts';
import { styleText } from 'node:util';
import type { Io } from '../io.js';
import { harmless } from '../show/harmless.js';
import type { Client } from './client.js';
import { Failure, exitOf, exits } from './failure.js';

/** A server that is being restarted comes back within this; the operation goes on meanwhile. In milliseconds. */
const patience = 30_000;

const progressOf = ({ steps, task, status }: Operation): string => {
  const at = steps.findIndex((step) => step.status === 'running' || step.status === 'undoing');
  const step = steps[at];
  const what = step?.name ?? task ?? status;
  return `${status === 'undoing' ? 'handing back: ' : ''}${what}${step ? ` (${at + 1}/${steps.length})` : ''}`;
};

const noteOf = ({ steps }: Operation): string => {
  const progress = steps.find((step) => step.status === 'running')?.progress;
  if (!progress) return '';
  const share = progress.total > 0 ? ` ${Math.floor((100 * progress.done) / progress.total)} %` : '';
  return `${share} ${progress.note}`.trimEnd();
};

/** Shows how far an operation is: one line rewritten at a terminal, else a line for each step. */
const stepLine = ({ stderr, env }: Io, named: string) => {
  const label = harmless(named);
  const started = performance.now();
  const live = stderr.isTTY === true;
  const dim = (text: string) => (live && !env['NO_COLOR'] ? styleText('dim', text, { validateStream: false }) : text);
  let said = '';
  return {
    say(operation: Operation) {
      const step = harmless(progressOf(operation) + noteOf(operation));
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (live) stderr.write(`\r\u001b[K${label}: ${step} ${dim(`${seconds} s`)}`);
      else if (step !== said) stderr.write(`${label}: ${step}\n`);
      said = step;
    },
    end() {
      if (live) stderr.write('\r\u001b[K');
    },
  };
};

const ends = { failed: 'failed', cancelled: 'was called off', succeeded: 'had succeeded already' } as const;

const endOf = ({ status }: Operation): keyof typeof ends | undefined =>
  status === 'running' || status === 'undoing' ? undefined : status;

/** What is wrong with an operation that ended otherwise than wanted. */
const otherwise = ({ id, name, code, statusReason, steps }: Operation, end: keyof typeof ends): Failure => {
  const step = steps.find((it) => it.status === 'failed')?.name;
  return new Failure(end === 'succeeded' ? exits.conflict : exitOf(code), {
    title: `${name} ${ends[end]}${step ? ` at ${step}` : ''}`,
    help: `See \`strata why ${id}\`.`,
    ...(statusReason !== null && { detail: statusReason }),
    ...(code !== null && { code }),
  });
};

const goesOn = ({ id }: Operation, exit: number, title: string): Failure =>
  new Failure(exit, {
    title,
    detail: `operation ${id} goes on`,
    help: `Wait for it with \`strata operation wait ${id}\`.`,
  });

/**
 * Follows an operation to its end.
 * Errors: `Failure` when it ends otherwise than wanted, and at the deadline, when it goes on and its id is said.
 * @param label what the step line says of it, such as the name of the instance
 */
export const waitFor = async (
  client: Client,
  io: Io,
  operation: Operation,
  label: string,
  wanted: Operation['status'] = 'succeeded',
): Promise<Operation> => {
  const line = stepLine(io, label);
  try {
    for (let wait = 50; ; wait = Math.min(wait * 1.5, 500)) {
      line.say(operation);
      if (operation.status === wanted) return operation;
      const end = endOf(operation);
      if (end) throw otherwise(operation, end);
      await client.sleep(wait);
      operation = await client.ask(api.operations.show, { params: { id: operation.id } }, { patience });
    }
  } catch (error) {
    if (io.signal.aborted) throw goesOn(operation, exits.interrupted, 'Interrupted');
    if (error instanceof Failure && error.exit === exits.timeout) throw goesOn(operation, exits.timeout, error.message);
    throw error;
  } finally {
    line.end();
  }
};
