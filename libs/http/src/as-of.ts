/** An answer, and how far the log had come in it. */
export class AsOf<Body> {
  constructor(
    readonly body: Body,
    readonly position: number,
    /** Of what is past: when the event at the position was stored. */
    readonly recordedAt?: string | undefined,
  ) {}

  get headers(): Readonly<Record<string, string>> {
    return {
      'strata-position': String(this.position),
      ...(this.recordedAt !== undefined && { 'strata-at': this.recordedAt }),
    };
  }
}
