// `node deploy/setup.mjs` prepares checkout and machine; `--only build,libvirt` takes the steps named.
import { parseArgs } from 'node:util';
import { SetupError, prepare } from './setup/progress.mjs';
import { checkoutSteps, hostSteps, run } from './setup/steps.mjs';

const steps = { ...checkoutSteps, ...hostSteps };

await run(async () => {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const names = values.only?.split(',') ?? Object.keys(steps);
  const unknown = names.find((name) => !Object.hasOwn(steps, name));
  if (unknown) throw new SetupError(`there is no step "${unknown}": the steps are ${Object.keys(steps).join(', ')}`);
  await prepare(names.map((name) => steps[name]));
  return 0;
});
