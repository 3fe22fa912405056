import { DatabaseError } from 'pg';
import { outageIn } from './outage.js';

const database = (code: string) => Object.assign(new DatabaseError('it failed', 0, 'error'), { code });
const system = (code: string, syscall = 'connect') => Object.assign(new Error('it failed'), { code, syscall });

describe('an outage', () => {
  const unreachable: readonly unknown[] = [
    ...['08006', '57P01', '57P02', '57P03', '57014', '40P01', '53300', '25006', '58030'].map(database),
    ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'EMFILE'].map((code) => system(code)),
    new Error('Connection terminated unexpectedly'),
    new Error('Client has encountered a connection error and is not queryable'),
    new Error('Query read timeout'),
    new Error('timeout exceeded when trying to connect'),
    new Error('a wrapper', { cause: new Error('another', { cause: system('ECONNRESET') }) }),
    new AggregateError([system('ECONNREFUSED')], 'all addresses failed'),
  ];
  it('is that nobody answers', () => {
    for (const error of unreachable) expect([error, outageIn(error)]).toEqual([error, 'unreachable']);
  });

  it('is that there is no space left', () => {
    for (const error of [database('53100'), system('ENOSPC', 'write'), system('EDQUOT', 'write')]) {
      expect([error, outageIn(error)]).toEqual([error, 'full']);
    }
  });

  it('is not what was asked, nor what is stored', () => {
    const others = [
      database('23505'),
      database('42P01'),
      database('22P02'),
      system('ENOENT', 'open'),
      new Error('x'),
      'x',
      null,
    ];
    for (const error of others) expect([error, outageIn(error)]).toEqual([error, undefined]);
  });

  it('is looked for in a cause that is its own cause only once', () => {
    const error = new Error('itself');
    error.cause = error;
    expect(outageIn(error)).toBeUndefined();
  });
});
