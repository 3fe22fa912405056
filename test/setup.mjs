// jest-light-runner does not enforce time limits: give every it() one (its third argument overrides the default).
const LIMIT = Number(process.env.TEST_TIMEOUT_MS ?? 10_000);
if (!globalThis.it.limited) {
  const limit = (plain) =>
    Object.assign(
      (name, fn, ms = LIMIT) =>
        plain(
          name,
          fn &&
            (async () => {
              let timer;
              const late = new Promise((_, reject) => {
                timer = setTimeout(() => reject(new Error(`timed out after ${ms} ms`)), ms);
              });
              try {
                return await Promise.race([fn(), late]);
              } finally {
                clearTimeout(timer);
              }
            }),
        ),
      plain,
      { limited: true },
    );
  globalThis.it = globalThis.test = limit(globalThis.it);
}
