import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from './command.js';

/** One version of a Debian package, as the machine's apt knows it. */
export type Package = Readonly<{
  name: string;
  version: string;
  architecture: string;
  sha256: string;
  /** The package's paragraph in the index, and what it depends on. */
  stanza: string;
  depends: string;
}>;

/** Reads the paragraphs that `apt-cache show` writes. */
export function parseStanzas(text: string): Package[] {
  return text
    .split(/\n{2,}/)
    .filter((stanza) => stanza.trim() !== '')
    .map((stanza) => {
      const field = (name: string): string => new RegExp(`^${name}: *(.*)$`, 'm').exec(stanza)?.[1] ?? '';
      return {
        name: field('Package'),
        version: field('Version'),
        architecture: field('Architecture'),
        sha256: field('SHA256'),
        depends: field('Depends'),
        stanza,
      };
    });
}

/** Reads the lines `Inst NAME (VERSION …)` of a simulated installation. */
export function parseInstallation(text: string): { name: string; version: string }[] {
  return [...text.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name = '', version = '']) => ({ name, version }));
}

async function apt(program: 'apt-get' | 'apt-cache', args: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    return await run(program, args, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error('apt cannot say which packages the image needs: run `apt-get update` and try again', {
      cause: error,
    });
  }
}

async function show(wanted: readonly { name: string; version: string }[], signal: AbortSignal): Promise<Package[]> {
  const specified = wanted.map(({ name, version }) => `${name}=${version}`);
  const known = parseStanzas(await apt('apt-cache', ['show', ...specified], signal));
  return wanted.map(({ name, version }) => {
    const found = known.find((it) => it.name === name.replace(/:.*/, '') && it.version === version && it.sha256 !== '');
    if (found) return found;
    throw new Error(`apt knows no archive with ${name} ${version}: run \`apt-get update\` and try again`);
  });
}

/** The named packages and everything they depend on, as if for an empty machine, in an order that apt may change. */
export async function resolvePackages(names: readonly string[], signal: AbortSignal): Promise<Package[]> {
  const emptyMachine = ['-o', 'Dir::State::status=/dev/null', '-o', 'APT::Install-Recommends=false'];
  const plan = parseInstallation(
    await apt('apt-get', ['--simulate', '-qq', ...emptyMachine, 'install', ...names], signal),
  );
  const packages = await show(plan, signal);
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The version of one package that apt would install. */
export async function resolveCandidate(name: string, signal: AbortSignal): Promise<Package> {
  const [candidate] = parseStanzas(await apt('apt-cache', ['show', '--no-all-versions', name], signal));
  if (candidate?.sha256) return candidate;
  throw new Error(`apt offers no ${name}: add Debian's main archive and run \`apt-get update\``);
}

/** Debian's kernel for virtual machines. It is unpacked and never installed, so what it depends on is not needed. */
export async function resolveKernel(signal: AbortSignal): Promise<Package> {
  const { depends } = await resolveCandidate('linux-image-cloud-amd64', signal);
  const name = /linux-image-\S+/.exec(depends)?.[0];
  if (!name) throw new Error('linux-image-cloud-amd64 names no kernel');
  return resolveCandidate(name, signal);
}

/** Where a downloaded package lies; the name is the one that apt gives it. */
export const archiveOf = ({ name, version, architecture }: Package, folder: string): string =>
  join(folder, `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`);

async function isIntact(it: Package, folder: string): Promise<boolean> {
  const file = archiveOf(it, folder);
  if (!existsSync(file)) return false;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  if (hash.digest('hex') === it.sha256) return true;
  await rm(file);
  return false;
}

/**
 * Brings the packages that the folder does not hold yet, through apt and from the archives that apt uses.
 * `onPackage` is called with the number of packages that are there, each time another one is.
 */
export async function downloadPackages(
  packages: readonly Package[],
  folder: string,
  onPackage: (there: number) => void,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const missing: Package[] = [];
  for (const it of packages) if (!(await isIntact(it, folder))) missing.push(it);
  let there = packages.length - missing.length;
  onPackage(there);
  if (missing.length === 0) return;

  const specified = missing.map(({ name, version, architecture }) => `${name}:${architecture}=${version}`);
  try {
    await run(
      'apt-get',
      ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...specified.map((it) => it.replace(':all=', '='))],
      {
        cwd: folder,
        signal,
        // apt announces a package when its download begins, which is when the one before has arrived.
        onLine: (line) => {
          if (/^Get:[1-9]\d* /.test(line) && there < packages.length - 1) onPackage(++there);
        },
      },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw new Error('a package could not be downloaded: check the network, run `apt-get update` and try again', {
      cause: error,
    });
  }
  for (const it of missing) {
    if (!(await isIntact(it, folder))) throw new Error(`${it.name} ${it.version} arrived damaged: try again`);
  }
  onPackage(packages.length);
}

/** One `deb` line each for the Debian 12 archives that apt on this machine uses, without credentials. */
export async function debian12Sources(signal: AbortSignal): Promise<string[]> {
  const format = '$(ORIGIN)|$(CODENAME)|deb $(SITE) $(RELEASE) $(COMPONENT)';
  const lines = (await apt('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], signal)).split(
    '\n',
  );
  const sources = lines.flatMap((line) => {
    const [origin, codename, source] = line.split('|');
    return origin === 'Debian' && codename?.startsWith('bookworm') && source
      ? [source.replace(/\/\/[^/@]*@/, '//')]
      : [];
  });
  if (sources.length > 0) return [...new Set(sources)].sort();
  throw new Error('apt on this machine uses no archive of Debian 12 (bookworm): add one and run `apt-get update`');
}
