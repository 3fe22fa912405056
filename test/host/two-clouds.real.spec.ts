import { whyNoGuests } from '@strata/testing/hypervisor';
import { existsSync } from 'node:fs';
import { eventually, patience } from './eventually.js';
import { Machine, noTraces, webPageOf } from './machine.js';
import { RealCloud } from './real-cloud.js';

const reason = await whyNoGuests();
if (reason !== undefined) console.warn(`SKIPPED: two clouds on one machine: ${reason}`);

(reason === undefined ? describe : describe.skip)('two clouds on one machine', () => {
  const clouds: RealCloud[] = [];

  afterAll(async () => {
    for (const cloud of clouds) await cloud.remove();
  });

  it(
    'have guests of the same name that never meet, and one goes without the other noticing',
    async () => {
      // Side by side, so that they look for free ports and addresses at the same moment.
      clouds.push(...(await Promise.all([RealCloud.start(), RealCloud.start()])));
      const [one, other] = clouds;
      if (!one || !other) throw new Error('two were started');
      const [machineOfOne, machineOfOther] = [new Machine(one.home), new Machine(other.home)];
      const create = ['instance', 'create', 'web', '--image', 'tiny', '--flavor', 'nano'];
      const created = await Promise.all(clouds.map((cloud) => cloud.cli(...create, '--id', 'inst_same')));
      expect(created).toMatchObject([{ exit: 0 }, { exit: 0 }]);

      const [mine, theirs] = await Promise.all([one.instance('web'), other.instance('web')]);
      expect(mine.id).toBe(theirs.id);
      expect(mine.address).not.toBe(theirs.address);
      for (const { address } of [mine, theirs]) {
        await eventually(`${address} answers`, async () => /^web\b/.test((await webPageOf(address)) ?? ''));
      }
      for (const machine of [machineOfOne, machineOfOther]) expect(machine.guests()).toEqual(['inst_same running']);
      const qemu = machineOfOther.qemuOf('inst_same');
      expect(machineOfOne.qemuOf('inst_same')).not.toBe(qemu);
      const before = machineOfOther.traces();

      expect(await one.cli('instance', 'delete', 'web')).toMatchObject({ exit: 0 });
      expect(machineOfOne.guests()).toEqual([]);
      expect(machineOfOther.traces()).toEqual(before);

      expect(await one.cli(...create)).toMatchObject({ exit: 0 });
      expect(await one.cli('down', '--all', '--yes')).toMatchObject({ exit: 0 });
      expect(machineOfOne.traces()).toEqual(noTraces);
      expect(existsSync(one.home)).toBe(false);

      expect(machineOfOther.traces()).toEqual(before);
      expect(machineOfOther.qemuOf('inst_same')).toBe(qemu);
      expect(await other.instance('web')).toMatchObject({ status: 'running', address: theirs.address });
      expect(await webPageOf(theirs.address)).toMatch(/^web\b/);
      expect((await other.cli('instance', 'exec', 'web', '--', 'hostname')).stdout).toBe('web\n');
    },
    patience,
  );
});
