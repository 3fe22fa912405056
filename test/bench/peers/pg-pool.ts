import type { Pool, PoolConfig } from 'pg';
import type { Peers } from './peers.js';

/** A pool that tells whether it was ended, as all of them do; its published type leaves that out. */
export type EndingPool = Pool & Readonly<{ ended: boolean }>;

/** A pool of the `pg` that the peers use, and whose parsers some of them replace. */
export const pgPool = (peers: Peers, config: PoolConfig): EndingPool => {
  const { Pool } = peers.load<Readonly<{ Pool: new (config: PoolConfig) => EndingPool }>>('pg');
  return new Pool(config);
};
