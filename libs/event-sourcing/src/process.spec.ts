import { obeysTheProcessLaws } from '@strata/testing/event-sourcing';
import { ask, command, on, process } from './index.js';
import type { Event } from './index.js';

class BakeBread extends command('BakeBread')<{ loafId: string; operationId: string }> {}
class ThrowAway extends command('ThrowAway')<{ loafId: string; operationId: string }> {}
class LightOven extends command('LightOven')<{ operationId: string }> {}
class PutOut extends command('PutOut')<{ operationId: string }> {}
class Serve extends command('Serve')<{ loafId: string; minutes: number }> {}

type Ordered = Event<'BreadOrdered', { loafId: string; operationId: string }>;
type Lit = Event<'OvenLit', { degrees: number }>;
type Baked = Event<'BreadBaked', { minutes: number }>;
type Burnt = Event<'BreadBurnt', { code: string; reason: string }>;
type Rising = Event<'BreadRose', { done: number; total: number; note: string }>;

const bake = process('bake-bread', {
  startsOn: on<Ordered>('BreadOrdered'),
  subject: ({ loafId }) => ({ type: 'loaf', id: loafId }),
})
  .step('oven', {
    do: ({ operationId }) => ask(LightOven, { operationId }),
    done: on<Lit>('OvenLit'),
    within: 60,
    undo: { do: ({ operationId }) => ask(PutOut, { operationId }) },
  })
  .step('bread', {
    do: ({ loafId, operationId }) => ask(BakeBread, { loafId, operationId }),
    done: on<Baked>('BreadBaked'),
    failed: on<Burnt>('BreadBurnt'),
    progress: on<Rising>('BreadRose'),
    within: 3600,
    undo: {
      do: ({ loafId, operationId }) => ask(ThrowAway, { loafId, operationId }),
      done: on<Event<'BreadGone'>>('BreadGone'),
    },
  })
  .ends({ completed: ({ loafId, minutes }) => ask(Serve, { loafId, minutes }) });

obeysTheProcessLaws(
  bake,
  { type: 'BreadOrdered', data: { loafId: 'loaf_1' } },
  { OvenLit: { degrees: 240 }, BreadBaked: { minutes: 40 } },
);
