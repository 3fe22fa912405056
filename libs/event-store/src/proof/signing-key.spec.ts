import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PublicKeys, SigningKey, knownKeys, learnKeys, openHomeKeys, pemsIn } from './signing-key.js';

describe('the keys of a home', () => {
  let home: string;
  beforeEach(async () => (home = await mkdtemp(join(tmpdir(), 'strata-keys-'))));
  afterEach(() => rm(home, { recursive: true }));
  const file = () => join(home, 'log-signing-key.pem');

  it('are made once, and only their owner can read the secret one', async () => {
    const { signing } = await openHomeKeys(home);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    const again = await openHomeKeys(home);
    expect(again.signing.id).toBe(signing.id);
    expect(again.known.isSigned(signing.id, 'text', again.signing.sign('text'))).toBe(true);
    expect(again.known.isSigned(signing.id, 'other', again.signing.sign('text'))).toBe(false);
    expect((await readdir(home)).toSorted()).toEqual(['log-public-keys.pem', 'log-signing-key.pem']);
    expect(await readFile(join(home, 'log-public-keys.pem'), 'utf8')).not.toContain('PRIVATE');
  });

  it('change when the secret one is taken away, and what the old one signed stays provable', async () => {
    const { signing: old } = await openHomeKeys(home);
    const signature = old.sign('text');
    await rm(file());
    const { signing, known } = await openHomeKeys(home);
    expect(signing.id).not.toBe(old.id);
    expect(known.isSigned(old.id, 'text', signature)).toBe(true);
    expect(known.all()).toHaveLength(2);
    expect(known.isSigned('0000000000000000', 'text', signature)).toBeUndefined();
  });

  it('are refused when others may read the secret one, or it is of another kind', async () => {
    await openHomeKeys(home);
    await chmod(file(), 0o640);
    await expect(openHomeKeys(home)).rejects.toThrow('others may read');
    await chmod(file(), 0o600);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(file(), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await expect(openHomeKeys(home)).rejects.toThrow('Ed25519');
  });

  it('learn those of others once', async () => {
    const { publicPem } = SigningKey.generate();
    expect((await knownKeys(home)).all()).toEqual([]);
    await learnKeys(home, [publicPem, publicPem]);
    await learnKeys(home, [publicPem]);
    const text = await readFile(join(home, 'log-public-keys.pem'), 'utf8');
    expect(pemsIn(text)).toHaveLength(1);
    expect(new PublicKeys(pemsIn(text)).all()).toEqual((await knownKeys(home)).all());
  });
});
