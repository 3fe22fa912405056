/** One thing in an archive. Paths are relative and parents come before children. */
export type CpioEntry = Readonly<
  { path: string } & (
    | { type: 'folder' }
    | { type: 'file'; content: Uint8Array; executable: boolean }
    | { type: 'link'; target: string }
    | { type: 'character device'; major: number; minor: number }
  )
>;

const modes = { folder: 0o040755, file: 0o100644, link: 0o120777, 'character device': 0o020600 } as const;

const padded = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

function encode(entry: CpioEntry, inode: number): Buffer {
  const content =
    entry.type === 'file' ? entry.content : Buffer.from(entry.type === 'link' ? entry.target : '', 'utf8');
  const mode = modes[entry.type] | (entry.type === 'file' && entry.executable ? 0o111 : 0);
  const [major, minor] = entry.type === 'character device' ? [entry.major, entry.minor] : [0, 0];
  const name = Buffer.from(`${entry.path}\0`, 'utf8');
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(content)]);
}

/**
 * An archive in the "newc" format, the one Linux takes as an initramfs (kernel documentation, buffer-format).
 * Owned by root and dated 1970 whoever writes it, so equal entries give equal bytes and no privilege is needed.
 */
export const cpio = (entries: readonly CpioEntry[]): Buffer =>
  Buffer.concat(
    [...entries, { path: 'TRAILER!!!', type: 'file', content: Buffer.alloc(0), executable: false } as const].map(
      (entry, index) => encode(entry, entry.path === 'TRAILER!!!' ? 0 : index + 1),
    ),
  );
