import { join } from 'node:path';
import { checkout, load } from './checkout.js';

type Test = { status: string; title: string; ancestorTitles: string[] };
type Report = { testResults: { name: string; status: string; message: string; assertionResults: Test[] }[] };
type Outcome = { passed: number; failed: number; skipped: string[]; broken: string[]; reasons: string[] };

const { closingLine, outcomeOf, total } = await load<{
  closingLine: (outcome: Outcome) => string;
  outcomeOf: (report: Report, reasons: string[]) => Outcome;
  total: (outcomes: Outcome[]) => Outcome;
}>('deploy/test/groups.mjs');

const suite = (name: string, message: string, ...assertionResults: Test[]) => ({
  name: join(checkout, 'dist', name),
  status: message === '' ? 'passed' : 'failed',
  message,
  assertionResults,
});
const test = (status: string, title: string): Test => ({ status, title, ancestorTitles: ['a volume'] });

describe('the closing line', () => {
  it('counts what passed, failed and was skipped, over all groups', () => {
    const unit = outcomeOf({ testResults: [suite('a.spec.js', '', test('passed', 'grows'))] }, []);
    const real = outcomeOf(
      { testResults: [suite('b.spec.js', 'it broke', test('failed', 'shrinks'), test('pending', 'moves'))] },
      ['no libvirt'],
    );
    const sum = total([unit, real]);
    expect(closingLine(sum)).toBe('1 passed, 1 failed, 1 skipped');
    expect(sum.skipped).toEqual(['b.spec.js: a volume › moves']);
    expect(sum.broken).toEqual(['b.spec.js: a volume › shrinks']);
    expect(sum.reasons).toEqual(['no libvirt']);
  });

  it('counts a spec that cannot be loaded as a failure', () => {
    const report = { testResults: [suite('a.spec.js', '  ● Test suite failed to run\n\n    Error: no such module\n')] };
    expect(outcomeOf(report, []).broken).toEqual(['a.spec.js: Error: no such module']);
    expect(closingLine(outcomeOf(report, []))).toBe('0 passed, 1 failed, 0 skipped');
  });

  it('names a reason once', () => {
    const none = outcomeOf({ testResults: [] }, ['no libvirt', 'no libvirt']);
    expect(total([none, none]).reasons).toEqual(['no libvirt']);
  });
});
