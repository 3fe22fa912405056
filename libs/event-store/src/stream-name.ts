import { PLATFORM } from '@strata/event-sourcing';

type Noun = Readonly<{ name: string; scope?: 'platform' }>;

/** `ten_a/instance-inst_7f3k`: whose it is, the decider's noun, the thing's id. */
export const streamName = ({ name, scope }: Noun, id: string, tenantId: string): string =>
  `${scope === 'platform' ? PLATFORM : tenantId}/${name}-${id}`;

/** Whether an event is about a thing of this noun: `isAbout('instance')(event)`. */
export const isAbout = (noun: string) => {
  const part = `/${noun}-`;
  return ({ stream }: Readonly<{ stream: string }>): boolean => stream.startsWith(part, stream.indexOf('/'));
};

/** `ten_a/instance-inst_7f3k` is about `inst_7f3k`. */
export const idIn = (stream: string): string => stream.slice(stream.indexOf('-', stream.indexOf('/')) + 1);
