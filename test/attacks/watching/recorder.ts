import { randomBytes } from 'node:crypto';

/** Unique words that are put where text goes, and looked for where they must not be. */
export class Canaries {
  readonly #words = new Map<string, string>();

  /** Made of letters and digits, so that every field for names takes it. `where` is told when it is found. */
  plant(where: string): string {
    const word = `cnry${randomBytes(8).toString('hex')}`;
    this.#words.set(word, where);
    return word;
  }

  /** A word of somebody else's, such as a secret that was made by the server. */
  watch(where: string, word: string): void {
    this.#words.set(word, where);
  }

  /** Where those were planted that a text holds. */
  in(text: string | Buffer): readonly string[] {
    return [...this.#words].flatMap(([word, where]) => (text.includes(word) ? [where] : []));
  }

  get size(): number {
    return this.#words.size;
  }
}

type Kept = Readonly<{ what: string; text: string }>;

/** Everything that somebody was told. */
export class Recorder {
  readonly #kept: Kept[] = [];

  keep(what: string, text: string): void {
    this.#kept.push({ what, text });
  }

  get size(): number {
    return this.#kept.length;
  }

  /** What was told that holds canaries, each with what it holds. */
  leaks(canaries: Canaries): readonly string[] {
    return this.#kept.flatMap(({ what, text }) => canaries.in(text).map((where) => `${what} told ${where}`));
  }

  /** What was told that a pattern finds. */
  matching(pattern: RegExp): readonly string[] {
    return this.#kept.flatMap(({ what, text }) => {
      const [found] = pattern.exec(text) ?? [];
      return found === undefined ? [] : [`${what} told ${found}`];
    });
  }
}
