import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

const place = '/sys/fs/cgroup/memory';

/** A group of processes that may have so much memory together; the kernel kills who takes more. Root's, where cgroups are. */
export class LittleMemory {
  /** `undefined` where there are no such groups, or none for us. */
  static of(mebibytes: number): LittleMemory | undefined {
    if (!existsSync(`${place}/memory.limit_in_bytes`)) return undefined;
    const folder = `${place}/strata-fault-${process.pid}`;
    try {
      mkdirSync(folder);
      writeFileSync(`${folder}/memory.limit_in_bytes`, String(mebibytes * 1024 * 1024));
      return new LittleMemory(folder);
    } catch {
      return undefined;
    }
  }

  private constructor(private readonly folder: string) {}

  /** The words before a program that make it one of the group. */
  get words(): readonly string[] {
    return ['/bin/sh', '-c', `echo $$ > ${this.folder}/cgroup.procs && exec "$@"`, 'sh'];
  }

  /** Once all of its processes have ended. */
  remove(): void {
    rmdirSync(this.folder);
  }
}
