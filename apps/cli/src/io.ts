/** Where text goes: standard output, standard error, or a spec's ear. */
export type Output = Readonly<{ write(text: string): unknown; isTTY?: boolean | undefined }>;

/** All of the world that a command may touch. */
export type Io = Readonly<{
  env: Readonly<Record<string, string | undefined>>;
  stdout: Output;
  stderr: Output;
  fetch: typeof fetch;
  /** Absolute path of the checkout. */
  checkout: string;
  /** Ends what follows or waits: Ctrl-C. */
  signal: AbortSignal;
  /** Asks a person, who is there only at a terminal; answers undefined where nobody is. */
  confirm(question: string): Promise<boolean | undefined>;
  /** Asks a person for what nobody else shall see: it is not shown while it is typed. `undefined` where nobody is. */
  secret(question: string): Promise<string | undefined>;
  /** All of standard input. */
  input(): Promise<string>;
}>;

export const outputs = ['table', 'json', 'yaml', 'name'] as const;

/** The flags that every verb understands. */
export type Globals = Readonly<{
  output: (typeof outputs)[number];
  async: boolean;
  /** In milliseconds since 1970; `undefined` when nobody asked for an end. */
  deadline: number | undefined;
  timeoutSeconds: number | undefined;
  tenant: string | undefined;
  dryRun: boolean;
  idempotencyKey: string | undefined;
  debug: boolean;
  api: string | undefined;
}>;
