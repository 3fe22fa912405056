/** Enough for a million keys, of which one in fifty is then believed to have been seen that was not. */
const BITS = 2 ** 23;

/** Which keys may have been seen before: who was is never denied. Its size does not grow with them. */
export class Seen {
  readonly #bits = new Uint32Array(BITS / 32);

  add(key: string): void {
    for (const bit of bitsOf(key)) this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  mayHave(key: string): boolean {
    return bitsOf(key).every((bit) => ((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0);
  }
}

/** Four places, from two mixtures of the key's letters. */
const bitsOf = (key: string): readonly number[] => {
  let [a, b] = [0x811c9dc5, 0x1b873593];
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b + code, 0x5bd1e995) ^ (b >>> 13);
  }
  return [0, 1, 2, 3].map((n) => (a + Math.imul(n, b)) >>> 9);
};
