/** What is wrong where: `path` leads to it, such as `labels.tier`; empty for the whole. */
export type Fault = Readonly<{ path: string; message: string }>;

/** `isMonstrous`: it is so deep or so wide that it is not worth anybody's while to parse it. */
type Found = Readonly<{ faults: readonly Fault[]; isMonstrous: boolean }>;

/** Deeper than any message of ours, and no work for anybody. */
const DEPTH = 32;
export const NO_TEXT = 'is no text: it holds U+0000 or half a character';

/** Members of one object or list: more than any message of ours has. */
const BREADTH = 1_024;
/** What is wrong in more places than this is told of the first ones. */
const TOLD = 20;

type Container = { readonly names: Set<string> | undefined; member: string; count: number };

/**
 * What no text may be made of: U+0000, which the database cannot hold, and half a surrogate pair, which is no character.
 * Each is written and read differently by different programs.
 */
export const isText = (it: string): boolean => it.isWellFormed() && !it.includes('\0');

/**
 * What two readers of one JSON text could understand differently (RFC 7493, I-JSON), or only one who wants to do harm would
 * send: a name twice in one object, a number that is not what it says, half a character, the name `__proto__`, much too many
 * members. Nothing is found in a text that is no JSON at all: whoever parses it says so.
 */
export const faultsIn = (text: string): Found => {
  const faults: Fault[] = [];
  const open: Container[] = [];
  let at = 0;

  const pathTo = (depth: number) =>
    open
      .slice(0, depth)
      .flatMap(({ member }) => member || [])
      .join('.');
  const blame = (message: string) => {
    if (faults.length < TOLD) faults.push({ path: pathTo(open.length), message });
  };
  const name = (it: string, inside: Container, names: Set<string>) => {
    inside.member = isText(it) ? it : '';
    if (!isText(it)) blame(NO_TEXT);
    else if (it === '__proto__') blame('is not known here');
    else if (names.has(it)) blame('is there twice');
    names.add(it);
  };

  while (at < text.length) {
    const inside = open.at(-1);
    const letter = text[at] ?? '';
    if (letter === '"') {
      const end = endOfString(text, at);
      const value = stringIn(text.slice(at, end));
      at = end;
      if (inside?.names && nextIn(text, at) === ':') name(value, inside, inside.names);
      else if (!isText(value)) blame(NO_TEXT);
    } else if (letter === '-' || isDigit(letter)) {
      const end = endOfNumber(text, at);
      const wrong = wrongWith(text.slice(at, end));
      if (wrong !== undefined) blame(wrong);
      at = end;
    } else {
      at += 1;
      if (letter === '{' || letter === '[') {
        if (open.length >= DEPTH) return monstrous('', `is nested deeper than ${DEPTH} levels`);
        open.push({ names: letter === '{' ? new Set() : undefined, member: letter === '{' ? '' : '0', count: 1 });
      } else if (letter === '}' || letter === ']') open.pop();
      else if (letter === ',' && inside) {
        inside.count += 1;
        if (!inside.names) inside.member = String(inside.count - 1);
        if (inside.count > BREADTH) return monstrous(pathTo(open.length - 1), `has more than ${BREADTH} members`);
      }
    }
  }
  return { faults, isMonstrous: false };
};

const monstrous = (path: string, message: string): Found => ({ faults: [{ path, message }], isMonstrous: true });

const wrongWith = (number: string): string | undefined => {
  const value = Number(number);
  if (!Number.isFinite(value)) return 'is a number beyond all that can be told apart';
  if (Object.is(value, -0)) return 'is no number: say 0';
  if (value === 0 && /^[^eE]*[1-9]/.test(number)) return 'is a number too small to be told from 0';
  const isWhole = /^-?\d+$/.test(number);
  return isWhole && !Number.isSafeInteger(value) ? 'is a whole number beyond 2^53, which readers round' : undefined;
};

const isDigit = (letter: string) => letter >= '0' && letter <= '9';

const endOfNumber = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length && /[\d.eE+-]/.test(text[at] ?? '')) at += 1;
  return at;
};

/** Behind the closing quote, or the end of the text. */
const endOfString = (text: string, start: number): number => {
  for (let at = start + 1; ;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    at = quote + 1;
    if (slashes % 2 === 0) return at;
  }
};

const stringIn = (quoted: string): string => {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return ''; // No JSON at all: the parser says so.
  }
};

const nextIn = (text: string, start: number): string | undefined => {
  let at = start;
  while (' \n\r\t'.includes(text[at] ?? '.')) at += 1;
  return text[at];
};
