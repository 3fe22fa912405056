import { mkdirSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';

export type Settings = Readonly<{
  /** All state lives here. */
  home: string;
  port: number;
  hypervisor: 'auto' | 'libvirt' | 'simulated';
  /** How many simulated hosts there are, where hosts are simulated. */
  simulatedHosts: number;
  /** Left out: the embedded PostgreSQL. */
  databaseUrl: string | undefined;
}>;

/** Settings from the environment, each with a default that works on a laptop. @throws a sentence that names the setting */
export const settingsOf = (env: Readonly<Record<string, string | undefined>>): Settings => {
  const home = resolve(env['STRATA_HOME'] ?? '.strata');
  mkdirSync(home, { recursive: true });
  const hypervisor = env['STRATA_HYPERVISOR'] ?? 'auto';
  if (hypervisor !== 'auto' && hypervisor !== 'libvirt' && hypervisor !== 'simulated')
    throw new Error(`STRATA_HYPERVISOR is "${hypervisor}": use auto, libvirt or simulated`);
  return {
    home: realpathSync(home),
    port: numberOf(env, 'STRATA_PORT', 7070, 65_535),
    hypervisor,
    simulatedHosts: numberOf(env, 'STRATA_SIMULATED_HOSTS', 3, 10_000),
    databaseUrl: env['STRATA_DATABASE_URL'],
  };
};

const numberOf = (env: Readonly<Record<string, string | undefined>>, name: string, fallback: number, most: number) => {
  const text = env[name] ?? String(fallback);
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most) throw new Error(`${name} is "${text}": use a number up to ${most}`);
  return value;
};
