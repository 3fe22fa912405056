import { Passwords, TooBusy } from './passwords.js';

const cheap = { memory: 64, passes: 1, parallelism: 1 };

describe('a password', () => {
  it('is hashed at the cost that OWASP names, and the hash says so', async () => {
    const hash = await new Passwords().hash('correct horse battery staple');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  });

  it('is known again, and no other is', async () => {
    const passwords = new Passwords(cheap);
    const hash = await passwords.hash('correct horse');
    expect(hash).not.toBe(await passwords.hash('correct horse'));
    for (const [given, isRight] of [
      ['correct horse', true],
      ['Correct horse', false],
      ['correct horse ', false],
      ['', false],
    ] as const) {
      expect(await passwords.verify(hash, given)).toBe(isRight);
    }
  });

  it('is known however a keyboard composed its characters', async () => {
    const passwords = new Passwords(cheap);
    expect(await passwords.verify(await passwords.hash('fa\u0308den'), 'f\u00e4den')).toBe(true);
  });

  it('is known also when costs have changed since', async () => {
    const before = await new Passwords(cheap).hash('correct horse');
    expect(await new Passwords({ ...cheap, passes: 2 }).verify(before, 'correct horse')).toBe(true);
  });

  it('of nobody is no password, also when it is guessed', async () => {
    expect(await new Passwords(cheap).verify(undefined, 'correct horse')).toBe(false);
  });

  it('in a form that is not known is an accident', async () => {
    await expect(new Passwords(cheap).verify('plain text', 'plain text')).rejects.toThrow('not known here');
  });

  it('waits while two others are looked at; a flood is sent away, and the process goes on', async () => {
    const passwords = new Passwords();
    const hash = await passwords.hash('correct horse');
    await passwords.verify(undefined, 'until the one of nobody is made, too');
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const outcomes = await Promise.allSettled(Array.from({ length: 60 }, () => passwords.verify(hash, 'guess')));
    clearInterval(timer);
    const refused = outcomes.filter((it) => it.status === 'rejected' && it.reason instanceof TooBusy);
    // Two at work and thirty-two that wait.
    expect(refused).toHaveLength(60 - 34);
    expect(turns).toBeGreaterThan(20);
    expect(await passwords.verify(hash, 'correct horse')).toBe(true);
  }, 30_000);
});
