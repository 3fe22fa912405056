import { Injectable } from '@nestjs/common';
import { Clock } from '@strata/event-store';
import { problem } from '@strata/http';
import { TooBusy } from '../passwords.js';
import { Throttle } from './throttle.js';

/** A person mistypes; nobody mistypes more than this. */
const PER_ACCOUNT = { burst: 10, everyMs: 30_000 };
const PER_ADDRESS = { burst: 20, everyMs: 6_000 };

type From = Readonly<{ tenantId: string; user: string; peer: string }>;

/**
 * How often passwords may be tried: for one account, whether there is such a one or not, and from one address. It is kept in
 * memory only: who has not logged in leaves nothing behind.
 */
@Injectable()
export class Attempts {
  readonly #accounts = new Throttle(PER_ACCOUNT);
  readonly #addresses = new Throttle(PER_ADDRESS);

  constructor(private readonly clock: Clock) {}

  /** Counts an attempt unless it was good. @throws ProblemError `login.throttled` */
  async at<T>({ tenantId, user, peer }: From, attempt: () => Promise<T | undefined>): Promise<T | undefined> {
    const now = Date.parse(this.clock.now());
    const [account, address] = [`${tenantId} ${user.toLowerCase()}`, networkOf(peer)];
    const addressWaits = this.#addresses.take(address, now);
    if (addressWaits > 0) throw later(addressWaits);
    const accountWaits = this.#accounts.take(account, now);
    if (accountWaits > 0) throw later(accountWaits);
    const giveBack = () => {
      this.#accounts.giveBack(account);
      this.#addresses.giveBack(address);
    };
    try {
      const outcome = await attempt();
      if (outcome !== undefined) giveBack();
      return outcome;
    } catch (error) {
      if (!(error instanceof TooBusy)) throw error;
      giveBack();
      throw later(1_000);
    }
  }
}

const later = (milliseconds: number) =>
  problem('login.throttled', 'there were too many attempts', { retryAfterSeconds: Math.ceil(milliseconds / 1_000) });

/** One household or office: the address itself, of IPv6 the half that a provider gives to one customer. */
export const networkOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.toLowerCase().split('%', 1).join('').split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last];
  return `${groups
    .slice(0, 4)
    .map((it) => it.replace(/^0+(?=.)/, ''))
    .join(':')}::`;
};
