import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { open, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 1024 * 1024;

/** A disk of some megabytes in memory, to be filled to the brim. Only root may mount one. */
export class SmallDisk {
  /** Why there can be none here; nothing when there can. */
  static whyNot(): string | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'strata-fault-'));
    try {
      SmallDisk.mount(folder, 1).unmount();
      return undefined;
    } catch {
      return 'a tmpfs cannot be mounted: that takes root';
    } finally {
      rmdirSync(folder);
    }
  }

  static mount(folder: string, sizeMiB: number): SmallDisk {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=0755`, 'strata-fault', folder], {
      stdio: 'pipe',
    });
    return new SmallDisk(folder);
  }

  private constructor(private readonly folder: string) {}

  /** Writes a file that leaves so many megabytes. */
  async fillTo(file: string, leftMiB: number): Promise<void> {
    const handle = await open(file, 'a');
    try {
      for (;;) {
        const { bavail, bsize } = await statfs(this.folder);
        const excess = bavail * bsize - leftMiB * MIB;
        if (excess <= 0) return;
        await handle.write(Buffer.alloc(Math.min(excess, 8 * MIB)));
      }
    } catch (error) {
      // Others write to it as well: it is full a little earlier then.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      await handle.close();
    }
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.folder], { stdio: 'pipe' });
  }
}
