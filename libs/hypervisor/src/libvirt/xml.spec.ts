import fc from 'fast-check';
import { elementsOf, xml } from './xml.js';

describe('XML', () => {
  it('brings every text through an attribute unharmed', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((it) => !/(?![\n\r\t])\p{Cc}|[\ufffe\uffff]/u.test(it));
    fc.assert(
      fc.property(text, (value) => {
        const document = String(xml`<a><b name='${value}'/></a>`);
        expect(elementsOf(document, 'b')[0]?.get('name')).toBe(value);
      }),
    );
  });

  it('has no way to write a control character', () => {
    expect(String(xml`<a>${'\u0000x\u001b\ud800'}</a>`)).toBe('<a>\ufffdx\ufffd\ufffd</a>');
  });

  it('indents pieces like the line they stand on, and leaves no line for none', () => {
    const piece = xml`<b>
  <c/>
</b>`;
    expect(String(xml`<a>\n  ${[piece, piece]}\n  ${[]}\n</a>`)).toBe(
      '<a>\n  <b>\n    <c/>\n  </b>\n  <b>\n    <c/>\n  </b>\n</a>',
    );
  });
});
