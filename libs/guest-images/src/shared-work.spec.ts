import type { Progress } from './progress.js';
import { SharedWork } from './shared-work.js';

const silent: Progress = () => undefined;

/** Work that ends when told to, and fails when it is stopped. */
function controlled() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let tell = silent;
  const work = new SharedWork<string>((progress, signal) => {
    tell = progress;
    signal.addEventListener('abort', () => reject(new Error('stopped')));
    return promise;
  });
  return { work, resolve, tell: (note: string) => tell(1, 2, note) };
}

describe('work shared by several callers', () => {
  it('gives each of them its progress and its result', async () => {
    const { work, resolve, tell } = controlled();
    const heard: string[] = [];
    const first = work.join((_, __, note) => heard.push(`first ${note}`));
    const second = work.join((_, __, note) => heard.push(`second ${note}`));
    await Promise.resolve();
    tell('half');
    resolve('done');
    expect(await Promise.all([first, second])).toEqual(['done', 'done']);
    expect(heard).toEqual(['first half', 'second half']);
  });

  it('goes on when one of two gives up', async () => {
    const { work, resolve } = controlled();
    const caller = new AbortController();
    const first = work.join(silent, caller.signal);
    const second = work.join(silent);
    caller.abort(new Error('no patience'));
    await expect(first).rejects.toThrow('no patience');
    expect(work.abandoned).toBe(false);
    resolve('done');
    expect(await second).toBe('done');
  });

  it('stops when the last one gives up', async () => {
    const { work } = controlled();
    const caller = new AbortController();
    const only = work.join(silent, caller.signal);
    await Promise.resolve();
    caller.abort();
    await expect(only).rejects.toThrow('stopped');
    expect(work.abandoned).toBe(true);
  });
});
