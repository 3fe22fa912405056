import type { Ledger } from '../proof/ledger.js';
import { archivedLine, loneLine } from './archived-line.js';

export type Range = Readonly<{ after: number; upTo: number; tenant: string | null }>;

/** The entries of a ledger as lines, behind one position and up to another. */
export async function* linesOf(ledger: Ledger, { after, upTo, tenant }: Range): AsyncGenerator<readonly string[]> {
  const pages =
    tenant === null
      ? mapped(ledger.entries(after), upTo, archivedLine)
      : mapped(ledger.entriesOf(tenant, after), upTo, loneLine);
  for await (const lines of pages) if (lines.length > 0) yield lines;
}

async function* mapped<E extends Readonly<{ position: number }>>(
  pages: AsyncIterable<readonly E[]>,
  upTo: number,
  lineOf: (entry: E) => string,
) {
  for await (const page of pages) {
    const within = page.filter(({ position }) => position <= upTo);
    yield within.map(lineOf);
    if (within.length < page.length) return;
  }
}
