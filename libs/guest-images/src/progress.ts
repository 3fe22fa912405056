/** `done` of `total` steps are over, and what is under way now. `total` may grow once the packages are known. */
export type Progress = (done: number, total: number, note: string) => void;

/** Counts named steps and tells the listener. */
export class Steps {
  private done = 0;

  constructor(
    private readonly progress: Progress,
    private total: number,
  ) {}

  expect(more: number): void {
    this.total += more;
  }

  begin(note: string): void {
    this.progress(this.done, this.total, note);
  }

  end(count = 1): void {
    this.done += count;
  }

  async step<T>(note: string, work: () => Promise<T>): Promise<T> {
    this.begin(note);
    const result = await work();
    this.end();
    return result;
  }

  finish(note: string): void {
    this.progress(this.total, this.total, note);
  }
}
