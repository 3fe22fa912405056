import { OURS } from '../contenders/all.js';
import { atMost, latencyOf, missing, timesTheirs } from '../figure.js';
import type { Standing } from '../figure.js';
import { pageOf } from './page.js';
import { tableOf } from './table.js';

const standing = (name: string, perSecond: number): Standing => ({
  ...{ name, way: null, package: `${name} 1.0.0`, events: 100, perSecond, rounds: [perSecond * 0.9, perSecond] },
  ...{ clientMicros: 12.5, serverMicros: 7.5 },
});

const figures = [
  timesTheirs(2, {
    ...{
      name: 'append <fast>',
      unit: 'events/s',
      ours: 4_000,
      versus: 'castore & co',
      theirs: 1_000,
      note: 'a "note"',
    },
    standings: [standing('castore', 1_000), standing(OURS, 4_000)],
  }),
  atMost(50, {
    ...{ name: 'a page', unit: 'ms', ours: 80, versus: 'limit', theirs: 50, note: '' },
    latency: latencyOf([1, 2, 3, 40, 80]),
  }),
  missing({ name: 'append', unit: 'events/s', ours: 4_000, versus: 'emmett', note: 'the registry is away' }),
];

describe('the page of figures', () => {
  const page = pageOf(figures, 'a machine');

  it('needs nothing from elsewhere', () => {
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(|@import/);
  });

  it('tells every figure, and which goals were missed', () => {
    expect(page).toContain('1 of 3 goals met');
    for (const text of ['append &lt;fast&gt;', 'castore &amp; co', 'a &quot;note&quot;', 'missing'])
      expect(page).toContain(text);
    expect(page.match(/<tr class="(met|missed|known)"/g)).toEqual([
      '<tr class="met"',
      '<tr class="missed"',
      '<tr class="missed"',
    ]);
  });

  it('draws a bar for each contender, as long as its rate, with what an event costs beside it', () => {
    const widths = [...page.matchAll(/<rect class="rate"[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(widths).toEqual([260, 65]);
    expect(page.match(/<circle class="round"/g)).toHaveLength(4);
    expect(page).toContain('12.5 + 7.5');
  });

  it('draws the times by the share that did not exceed them', () => {
    const points = /<polyline class="curve" points="([^"]+)"/.exec(page)?.[1]?.split(' ') ?? [];
    expect(points).toHaveLength(9);
    const heights = points.map((point) => Number(point.split(',')[1]));
    expect(heights).toEqual(heights.toSorted((a, b) => b - a));
    expect(page).toContain('80</text>');
  });
});

describe('the table of figures', () => {
  it('tells everybody who was measured, the fastest first', () => {
    expect(tableOf(figures)).toContain('ours 4,000 (20 µs) · castore 1,000 (20 µs)');
  });

  it('does not hide who is missing', () => {
    expect(tableOf(figures)).toMatch(/emmett\s+to be measured\s+NO/);
  });
});
