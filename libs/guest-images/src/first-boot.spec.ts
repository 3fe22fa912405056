import { firstBootText } from './first-boot.js';

describe('the text of the first boot', () => {
  it('names the instance, its keys and its script, one a line', () => {
    expect(
      firstBootText({
        hostname: 'web-1',
        sshKeys: ['ssh-ed25519 AAAA one', ' ssh-ed25519 BBBB two\n'],
        script: '#!/bin/sh\necho hi\n',
      }),
    ).toBe(
      'hostname=web-1\nsshkey=ssh-ed25519 AAAA one\nsshkey=ssh-ed25519 BBBB two\nscript=IyEvYmluL3NoCmVjaG8gaGkK\n',
    );
  });

  it('needs neither keys nor a script', () => {
    expect(firstBootText({ hostname: 'a', sshKeys: [] })).toBe('hostname=a\n');
  });

  for (const hostname of ['', 'two words', 'a\nsshkey=evil', '-a', 'a-', 'ä', 'a'.repeat(64)]) {
    it(`refuses ${JSON.stringify(hostname)} as a host name`, () => {
      expect(() => firstBootText({ hostname, sshKeys: [] })).toThrow('is no host name');
    });
  }

  for (const key of ['', 'ssh-ed25519 A\nscript=evil', 'ssh-ed25519 A\rB']) {
    it(`refuses ${JSON.stringify(key)} as a key`, () => {
      expect(() => firstBootText({ hostname: 'a', sshKeys: [key] })).toThrow('one line');
    });
  }

  it('refuses a script that no interpreter would run', () => {
    expect(() => firstBootText({ hostname: 'a', sshKeys: [], script: 'echo hi' })).toThrow('#!');
  });
});
