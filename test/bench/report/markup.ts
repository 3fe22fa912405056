/** Markup is built here and nowhere else, so that every text in it is escaped. */
export type Markup = Readonly<{ markup: string }>;

type Value = Markup | string | number | readonly Markup[];

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const rendered = (value: Value): string => {
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return String(Number(value.toFixed(2)));
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
};

/** What stands in the template is markup, what is put into it is text, unless it is markup itself. */
export const markup = (parts: TemplateStringsArray, ...values: readonly Value[]): Markup => ({
  markup: parts.map((part, index) => part + (index < values.length ? rendered(values[index] ?? '') : '')).join(''),
});
