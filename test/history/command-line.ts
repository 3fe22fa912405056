import { run } from '../../apps/cli/src/run.js';
import type { TestPlatform } from '../platform.js';

/** What a command line writes to standard output when it asks a platform of this process. */
export const strata = async (platform: TestPlatform, argv: readonly string[]): Promise<string> => {
  let [stdout, stderr] = ['', ''];
  const exit = await run(argv, {
    env: { STRATA_API: 'http://127.0.0.1:1', STRATA_KEY: 'admin' },
    stdout: { write: (text) => void (stdout += text) },
    stderr: { write: (text) => void (stderr += text) },
    fetch: async (url) => {
      if (typeof url !== 'string') throw new Error('the client gives the whole address as text');
      const { pathname, search } = new URL(url); // These verbs only read.
      const { status, body, headers } = await platform.ask('GET', pathname + search);
      return new Response(JSON.stringify(body), { status, headers: headers as Record<string, string> });
    },
    checkout: '.',
    signal: new AbortController().signal,
    confirm: async () => undefined,
    secret: async () => undefined,
    input: async () => '',
  });
  if (exit !== 0) throw new Error(`strata ${argv.join(' ')}: ${exit} ${stderr}`);
  return stdout;
};
