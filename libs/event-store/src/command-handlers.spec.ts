import { Module } from '@nestjs/common';
import { CommandBus, CqrsModule } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { command, reject } from '@strata/event-sourcing';
import type { Decider, Event } from '@strata/event-sourcing';
import { Aggregates } from './aggregates.js';
import { commandHandlers, RejectedError } from './command-handlers.js';
import { MemoryEventLog } from './memory/memory-event-log.js';
import { by } from './testing/index.js';

class Open extends command('Open')<{ doorId: string }> {}
class Lock extends command('Lock')<{ doorId: string }> {}
type Door = 'shut' | 'open' | 'locked';

const door: Decider<Open | Lock, Event<'Opened' | 'Locked'>, Door> = {
  name: 'door',
  initialState: 'shut',
  decide(asked, state) {
    if (asked.type === 'Lock') return [{ type: 'Locked', data: {} }];
    if (state === 'locked') return reject('door.locked', 'the door is locked');
    return state === 'open' ? [] : [{ type: 'Opened', data: {} }];
  },
  evolve: (_, event) => (event.type === 'Opened' ? 'open' : 'locked'),
};

const log = new MemoryEventLog();

@Module({
  imports: [CqrsModule.forRoot()],
  providers: [
    { provide: Aggregates, useValue: new Aggregates(log) },
    ...commandHandlers(door, ({ data }) => data.doorId, [Open, Lock]),
  ],
})
class Doors {}

describe('command handlers', () => {
  it('carry commands from the bus to the stream of their thing, and refusals back', async () => {
    const app = await Test.createTestingModule({ imports: [Doors] }).compile();
    await app.init();
    const bus = app.get(CommandBus);
    expect(await bus.execute(new Open({ doorId: 'd1' }, by()))).toMatchObject({
      version: 1,
      events: [{ stream: 'ten_1/door-d1' }],
    });
    expect(await bus.execute(new Open({ doorId: 'd1' }, by()))).toEqual({ version: 1, events: [] });
    await bus.execute(new Lock({ doorId: 'd1' }, by()));
    const refusal = bus.execute(new Open({ doorId: 'd1' }, by()));
    await expect(refusal).rejects.toThrow(RejectedError);
    await expect(refusal).rejects.toMatchObject({ rejection: { code: 'door.locked' }, message: 'the door is locked' });
    await app.close();
  });
});
