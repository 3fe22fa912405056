/** Who asks, for whom, when, and because of what. Rules read the time from here and from nowhere else. */
export type Meta = Readonly<{
  /** UUID. The same id is the same command: it is carried out once however often it is sent. */
  commandId: string;
  /** RFC 3339, UTC. */
  at: string;
  /** Whom the effect belongs to. */
  tenantId: string;
  /** Who asked: `user_…`, `host_…` or `process:<name>`. */
  actor: string;
  /** The request that all of this began with. */
  correlationId: string;
  /** The event or request that made this command be sent. */
  causationId: string;
}>;

/** A command as data: what a process writes into its journal and the relay sends. */
export type Ask = Readonly<{ type: string; data: object }>;

export type CommandClass<Type extends string = string, Data = never> = Readonly<{ type: Type }> &
  (new (data: Data, meta: Meta) => Readonly<{ type: Type; data: Data; meta: Meta }>);

/**
 * A command is a class, because Nest's CommandBus routes by constructor, and a tagged record, because rules switch on
 * `type`: `class StopInstance extends command('StopInstance')<{ instanceId: string }> {}`.
 */
export const command = <const Type extends string>(type: Type) =>
  class<Data> {
    static readonly type: Type = type;
    readonly type: Type = type;
    constructor(
      readonly data: Readonly<Data>,
      readonly meta: Meta,
    ) {}
  };

/** A command as data, checked against its class. */
export const ask = <Type extends string, Data extends object>(
  Command: Readonly<{ type: Type }> & (new (data: Data, meta: Meta) => unknown),
  data: Data,
): Ask => ({ type: Command.type, data });
