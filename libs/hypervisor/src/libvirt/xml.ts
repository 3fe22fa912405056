/** A piece of a document, as opposed to text that still has to be escaped. */
export class Xml {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

type Value = string | number | Xml | readonly Xml[];

/** Builds a piece of XML: values are escaped, pieces are put in as they are, lists line by line with their indentation. */
export const xml = (parts: TemplateStringsArray, ...values: readonly Value[]): Xml => {
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) {
    const indentation = /\n *$/.exec(text)?.[0] ?? '';
    const inserted = typeof value === 'object' ? lines(value).join(indentation || '\n') : escaped(String(value));
    const rest = parts[index + 1] ?? '';
    // An empty list leaves no empty line behind.
    if (inserted === '' && indentation !== '' && rest.startsWith('\n')) text = text.slice(0, -indentation.length);
    text += inserted + rest;
  }
  return new Xml(text);
};

const lines = (pieces: Xml | readonly Xml[]): readonly string[] =>
  (pieces instanceof Xml ? [pieces] : pieces).flatMap((piece) => piece.toString().split('\n'));

const entities: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** XML 1.0 has no way at all to write most control characters, or half of a surrogate pair: they become U+FFFD. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/(?![\n\r\t])\p{Cc}|[\ufffe\uffff]/gu, '\ufffd')
    .replace(/[<>&"'\n\r\t]/g, (character) => entities[character] ?? character);

const unescaped = (text: string): string =>
  text.replace(/&(lt|gt|amp|quot|apos|#\d+|#x[0-9a-f]+);/gi, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    return Object.keys(entities).find((character) => entities[character] === whole) ?? whole;
  });

/**
 * The attributes of every `<name …>` of a document, in its order. Enough to read what libvirt writes, which is always
 * whole, canonical and without comments; not a parser for what others write.
 */
export const elementsOf = (document: string, name: string): readonly ReadonlyMap<string, string>[] =>
  [...document.matchAll(new RegExp(`<${name}(\\s[^>]*?)?/?>`, 'g'))].map(
    ([, attributes = '']) =>
      new Map(
        [...attributes.matchAll(/([\w:.-]+)=(?:'([^']*)'|"([^"]*)")/g)].map(([, key = '', single, double]) => [
          key,
          unescaped(single ?? double ?? ''),
        ]),
      ),
  );
