/** Time as the agent needs it. The clocks of the log, of the simulation and of tests all fit. */
export type Clock = Readonly<{
  /** RFC 3339, UTC. */
  now(): string;
  /** Calls `wake` once after `ms` milliseconds; the returned function calls it off. */
  after(ms: number, wake: () => void): () => void;
}>;
