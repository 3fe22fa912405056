import { ChildProcess } from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * Loaded into the server before the server itself (`node --import`): writes down, one JSON a line, which routes there are,
 * which programs it starts, and each time that its only thread was busy for long. What is not in this file did not happen.
 */
const { STRATA_WITNESS: file = '' } = process.env;
const tell = (what: object) => appendFileSync(file, `${JSON.stringify(what)}\n`);

// ── Which routes are served ──────────────────────────────────────

const Route = z.object({ method: z.union([z.string(), z.array(z.string())]), url: z.string() });
type Hooked = Readonly<{ fastify: Readonly<{ addHook(name: 'onRoute', hook: (route: unknown) => void): unknown }> }>;
diagnostics.subscribe('fastify.initialization', (message) => {
  // What fastify says of itself on its own channel.
  (message as Hooked).fastify.addHook('onRoute', (route) => {
    const { method, url } = Route.parse(route);
    for (const it of [method].flat()) tell({ route: `${it} ${url}` });
  });
});

// ── What is executed ─────────────────────────────────────────────

const Started = z.object({ args: z.array(z.string()).default([]) });
// Every way to start a program ends here, though Node's types do not say so.
const prototype = ChildProcess.prototype as unknown as { spawn: (this: ChildProcess, options: unknown) => unknown };
const { spawn } = prototype;
prototype.spawn = function (options) {
  tell({ started: Started.parse(options).args });
  return spawn.call(this, options);
};

// ── How long the thread is busy at a time ────────────────────────

const TICK_MS = 10;
const LONG_MS = 40;

/**
 * The time between two ticks, and how much of it this thread has computed: on a machine that others use too, only the latter
 * is the server's own doing.
 */
let tick = performance.now();
let busy = process.threadCpuUsage();
setInterval(() => {
  const now = performance.now();
  const { user, system } = process.threadCpuUsage(busy);
  const computed = (user + system) / 1_000;
  if (computed > LONG_MS)
    tell({ stall: { at: Date.now(), ms: Math.round(now - tick), computed: Math.round(computed) } });
  // What every object has from now on.
  for (const name in {}) tell({ polluted: name });
  tick = now;
  busy = process.threadCpuUsage();
}, TICK_MS).unref();
