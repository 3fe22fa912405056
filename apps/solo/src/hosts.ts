import { chooseHypervisor, keptHost, lifelike, SimulatedHypervisor } from '@strata/hypervisor';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { typeid } from 'typeid-js';
import type { HostMachine } from './cloud.module.js';
import type { Settings } from './settings.js';

/** Guests under TCG boot on the processor that everything else needs: two at a time are quickest. */
const REAL = { boots: 2, bootMs: 10_000 };
const SIMULATED = { boots: 1_000, concurrent: 1_000, lingerMs: 50 };

/** The machines that this process drives: this one, or as many simulated ones as are asked for. */
export const openHosts = async (settings: Settings, tell: (line: string) => void): Promise<readonly HostMachine[]> => {
  const { home, hypervisor: wanted, simulatedHosts } = settings;
  const { hypervisor, why, fellBack } = await chooseHypervisor({ wanted, home });
  const { driver, accelerator } = await hypervisor.facts();
  if (fellBack) tell(`!! ${why}`);
  else
    tell(
      `hypervisor   ${driver}${accelerator === 'none' ? '' : `, guests run on ${accelerator.toUpperCase()}`}: ${why}`,
    );
  if (driver === 'libvirt') return [{ hostId: hostIdIn(home), name: hostname(), hypervisor, limits: REAL }];
  const more = Array.from({ length: Math.max(0, simulatedHosts - 1) }, (_, index) => {
    const host = keptHost(join(home, `simulated-host-${index + 2}.ndjson`), lifelike);
    return { hypervisor: new SimulatedHypervisor(host) };
  });
  return [{ hypervisor }, ...more].map((it, index) => {
    const number = String(index + 1).padStart(4, '0');
    // Rounds over everything that fell together would stop the process for the time of all of them.
    const roundMs = 15_000 + Math.floor((15_000 * index) / simulatedHosts);
    return { ...it, hostId: `host_sim${number}`, name: `simulated-${number}`, limits: { ...SIMULATED, roundMs } };
  });
};

/** Chosen once: a host keeps its id, whatever its machine is called later. */
const hostIdIn = (home: string): string => {
  const file = join(home, 'host-id');
  if (!existsSync(file)) writeFileSync(file, `${typeid('host').toString()}\n`);
  return readFileSync(file, 'utf8').trim();
};
