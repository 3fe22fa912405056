import { archiveOf, parseInstallation, parseStanzas } from './packages.js';

const shown = `Package: bash
Version: 5.2.15-2+b9
Architecture: amd64
Depends: base-files (>= 2.1.12), debianutils (>= 5.6-0.1)
Description: GNU Bourne Again SHell
Filename: pool/main/b/bash/bash_5.2.15-2+b9_amd64.deb
SHA256: aa11

Package: tzdata
Version: 1:2024b-0
Architecture: all
Filename: pool/main/t/tzdata/tzdata_2024b-0_all.deb
SHA256: bb22

`;

describe('what apt says about packages', () => {
  it('is read paragraph by paragraph', () => {
    const [bash, tzdata] = parseStanzas(shown);
    expect(bash).toMatchObject({ name: 'bash', version: '5.2.15-2+b9', architecture: 'amd64', sha256: 'aa11' });
    expect(bash?.depends).toBe('base-files (>= 2.1.12), debianutils (>= 5.6-0.1)');
    expect(bash?.stanza).toContain('Filename: pool/main/b/bash/bash_5.2.15-2+b9_amd64.deb');
    expect(tzdata).toMatchObject({ name: 'tzdata', sha256: 'bb22', depends: '' });
  });

  it('names the file of a package with an epoch as apt does', () => {
    const [, tzdata] = parseStanzas(shown);
    expect(tzdata && archiveOf(tzdata, '/cache')).toBe('/cache/tzdata_1%3a2024b-0_all.deb');
  });

  it('lists a simulated installation without the steps that follow', () => {
    const simulated = 'Inst libc6 (2.36-9 Debian:12.15/oldstable [amd64]) []\nConf libc6 (2.36-9 Debian:12.15)\n';
    expect(parseInstallation(simulated)).toEqual([{ name: 'libc6', version: '2.36-9' }]);
  });
});
