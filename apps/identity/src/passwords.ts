import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';

/** OWASP's recommendation for argon2id (Password Storage Cheat Sheet, 2025): 19 MiB, two passes, one lane. */
const COST: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Each takes a thread and 19 MiB for some 50 ms: two at a time leave the process threads to read files and names with. */
const AT_ONCE = 2;
/** Whoever would wait longer than a second or so is told to come again. */
const WAITING = 32;

type Cost = Readonly<{ memory: number; passes: number; parallelism: number }>;

/** Too many want to log in at this moment, whoever they are. */
export class TooBusy extends Error {}

/** Slow hashes of passwords, in the form of the PHC: a hash says at what cost it was made, so that costs may change. */
export class Passwords {
  readonly #waiting: (() => void)[] = [];
  #working = 0;
  readonly #nobody: Promise<string>;

  constructor(private readonly cost: Cost = COST) {
    this.#nobody = this.hash(randomBytes(SALT_BYTES).toString('hex'));
    // Whoever asks for it hears of a failure; until then it is nobody's.
    this.#nobody.catch(() => undefined);
  }

  /** @throws TooBusy */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const { memory, passes, parallelism } = this.cost;
    const hash = await this.#derive(password, salt, this.cost);
    return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`;
  }

  /**
   * Whether the password is the one; with no hash to compare to, because there is no such user, the answer is no and takes
   * as long. @throws TooBusy
   */
  async verify(hash: string | undefined, password: string): Promise<boolean> {
    const { cost, salt, derived } = partsOf(hash ?? (await this.#nobody));
    const given = await this.#derive(password, salt, cost);
    return timingSafeEqual(given, derived) && hash !== undefined;
  }

  async #derive(password: string, nonce: Buffer, cost: Cost): Promise<Buffer> {
    if (this.#waiting.length >= WAITING) throw new TooBusy('too many passwords wait to be looked at');
    if (this.#working >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#working++;
    try {
      // The same characters, however a keyboard composed them.
      const message = Buffer.from(password.normalize('NFKC'));
      return await new Promise<Buffer>((resolve, reject) => {
        argon2('argon2id', { message, nonce, tagLength: HASH_BYTES, ...cost }, (error, derived) => {
          if (error) reject(error);
          else resolve(derived);
        });
      });
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#working--;
    }
  }
}

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const partsOf = (hash: string) => {
  const [, memory, passes, parallelism, salt = '', derived = ''] = PHC.exec(hash) ?? [];
  if (memory === undefined) throw new Error('a stored password is in a form that is not known here');
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  return { cost, salt: Buffer.from(salt, 'base64'), derived: Buffer.from(derived, 'base64') };
};

/** Without padding, as the PHC wants it. */
const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
