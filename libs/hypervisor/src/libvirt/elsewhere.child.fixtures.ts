import { chooseHypervisor } from '../choose-hypervisor.js';
import { HypervisorError } from '../hypervisor.js';
import type { Answer, Question } from './elsewhere.fixtures.js';

/** What `HypervisorElsewhere` starts: opens the hypervisor of its user and answers for it. */
const { hypervisor, why, fellBack } = await chooseHypervisor({ wanted: 'libvirt', home: process.argv[2] ?? '' });

const say = (answer: Answer): void => {
  process.send?.(answer);
};

const nothing = (): void => undefined;

const carryOut = async ({ port, verb, args }: Question): Promise<unknown> => {
  const target: object = port === 'host' ? hypervisor : hypervisor[port];
  const method: unknown = Reflect.get(target, verb);
  if (typeof method !== 'function') throw new Error(`${port} has no verb ${verb}`);
  // Functions do not pass from process to process: who wants to be told of progress is given one that does nothing.
  return Reflect.apply(method, target, [...args, nothing]);
};

process.on('message', (question: Question) => {
  const { id } = question;
  carryOut(question).then(
    (result) => say({ id, result }),
    (error: unknown) => {
      const outcome = error instanceof HypervisorError ? error.outcome : undefined;
      say({ id, outcome, message: error instanceof Error ? error.message : String(error) });
    },
  );
});
process.on('disconnect', () => process.exit());
hypervisor.domains.watch((hint) => say({ hint }));
say({ why, fellBack });
