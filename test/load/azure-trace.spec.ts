import { createHash } from 'node:crypto';
import { azureTrace, canonicalLine, readAzureTrace, traceBegin, twoHours } from './azure-trace.js';
import type { TraceEvent } from './azure-trace.js';

const trace = azureTrace();
if ('reason' in trace) console.warn(`SKIPPED: the conversion of the azure-v1 trace: ${trace.reason}`);
const folder = 'folder' in trace ? trace.folder : '';

const counted = (events: readonly TraceEvent[]) => {
  const creates = events.filter(({ kind }) => kind === 'create').length;
  return { creates, deletes: events.length - creates };
};

('folder' in trace ? describe : describe.skip)('the azure-v1 trace', () => {
  it('is converted to the events that every other converter comes to', () => {
    const events = readAzureTrace(folder);
    const hash = createHash('sha256');
    for (const event of events) hash.update(canonicalLine(event));
    expect(events[0]?.t).toBe(traceBegin);
    expect(events).toHaveLength(504_001);
    expect(events.findLast(({ kind }) => kind === 'create')?.t).toBe(2_099_997);
    expect(events.findLast(({ kind }) => kind === 'delete')?.t).toBe(2_160_818);
    expect(hash.digest('hex')).toBe('e576909c5c7cb25dbbbde49cc5114b15b536d8d5e927f43c178e7f308eb098e2');
  }, 60_000);

  it('has slices of two, twelve and twenty-four hours', () => {
    expect(counted(readAzureTrace(folder, twoHours))).toEqual({ creates: 5_689, deletes: 5_524 });
    expect(counted(readAzureTrace(folder, traceBegin + 12 * 3600))).toEqual({ creates: 31_245, deletes: 30_762 });
    expect(counted(readAzureTrace(folder, traceBegin + 24 * 3600))).toEqual({ creates: 70_239, deletes: 68_937 });
  }, 60_000);
});
