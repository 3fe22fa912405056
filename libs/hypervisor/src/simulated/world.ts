import type { DomainSpec, ImageRef, Lease, NetworkSpec, Power } from '../hypervisor.js';

/** A simulated guest. It stays known until its definition is gone and it is off. */
export type Guest = Readonly<{
  spec: DomainSpec;
  applied: number;
  defined: boolean;
  power: Power;
  agent: boolean;
  reason: string | null;
  /** RFC 3339: every boot so far, oldest first; the serial log is written from them. */
  boots: readonly string[];
}>;

export type Disk = Readonly<{ instanceId: string; image: ImageRef; sizeGiB: number }>;
export type BuiltImage = ImageRef & Readonly<{ recipe: string; sizeMiB: number; virtualGiB: number }>;

/**
 * Rows by key, telling one listener of every change before it is made: one that cannot be written down does not happen. Rows
 * are values: a change is a new row.
 */
export class Table<Row> {
  readonly #rows = new Map<string, Row>();

  constructor(private readonly changed: (key: string, row: Row | undefined) => void) {}

  get size(): number {
    return this.#rows.size;
  }
  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }
  has(key: string): boolean {
    return this.#rows.has(key);
  }
  keys(): readonly string[] {
    return [...this.#rows.keys()];
  }
  rows(): readonly Row[] {
    return [...this.#rows.values()];
  }
  find(wanted: (row: Row) => boolean): Row | undefined {
    for (const row of this.#rows.values()) if (wanted(row)) return row;
    return undefined;
  }
  set(key: string, row: Row): void {
    this.changed(key, row);
    this.#rows.set(key, row);
  }
  delete(key: string): void {
    if (!this.#rows.has(key)) return;
    this.changed(key, undefined);
    this.#rows.delete(key);
  }
  /** Puts a row back without telling anybody, as it was read from the journal. */
  restore(key: string, row: Row | undefined): void {
    if (row === undefined) this.#rows.delete(key);
    else this.#rows.set(key, row);
  }
}

/** One change of a world; `row` is absent when the key was deleted. A world is the fold of its changes. */
export type Change =
  | Readonly<{ table: 'guests'; key: string; row?: Guest | undefined }>
  | Readonly<{ table: 'disks'; key: string; row?: Disk | undefined }>
  | Readonly<{ table: 'networks'; key: string; row?: NetworkSpec | undefined }>
  | Readonly<{ table: 'leases'; key: string; row?: Lease | undefined }>
  | Readonly<{ table: 'images'; key: string; row?: BuiltImage | undefined }>;

/** Everything that exists on one simulated host. */
export class World {
  readonly guests: Table<Guest>;
  readonly disks: Table<Disk>;
  readonly networks: Table<NetworkSpec>;
  readonly leases: Table<Lease>;
  readonly images: Table<BuiltImage>;

  constructor(record: (change: Change) => void) {
    this.guests = new Table((key, row) => record({ table: 'guests', key, row }));
    this.disks = new Table((key, row) => record({ table: 'disks', key, row }));
    this.networks = new Table((key, row) => record({ table: 'networks', key, row }));
    this.leases = new Table((key, row) => record({ table: 'leases', key, row }));
    this.images = new Table((key, row) => record({ table: 'images', key, row }));
  }

  apply(change: Change): void {
    switch (change.table) {
      case 'guests':
        return this.guests.restore(change.key, change.row);
      case 'disks':
        return this.disks.restore(change.key, change.row);
      case 'networks':
        return this.networks.restore(change.key, change.row);
      case 'leases':
        return this.leases.restore(change.key, change.row);
      case 'images':
        return this.images.restore(change.key, change.row);
    }
  }

  /** The fewest changes that lead from an empty world to this one. */
  changes(): readonly Change[] {
    return [
      ...this.guests.keys().map((key): Change => ({ table: 'guests', key, row: this.guests.get(key) })),
      ...this.disks.keys().map((key): Change => ({ table: 'disks', key, row: this.disks.get(key) })),
      ...this.networks.keys().map((key): Change => ({ table: 'networks', key, row: this.networks.get(key) })),
      ...this.leases.keys().map((key): Change => ({ table: 'leases', key, row: this.leases.get(key) })),
      ...this.images.keys().map((key): Change => ({ table: 'images', key, row: this.images.get(key) })),
    ];
  }
}

export const leaseKey = ({ networkId, ip }: Pick<Lease, 'networkId' | 'ip'>): string => `${networkId} ${ip}`;
