import type { SubjectKeys } from '../subject-keys.js';

const since = '2026-01-02T03:04:05.678Z';

/** What every place for the keys of subjects must do. */
export const keepsSubjectKeys = (name: string, make: () => Promise<SubjectKeys>) => {
  describe(`${name} keeps the keys of subjects`, () => {
    let keys: SubjectKeys;
    beforeAll(async () => {
      keys = await make();
    });

    const key = (text: string) => Buffer.from(text);
    /** A subject with a key. */
    const subject = async (id: string) => {
      await keys.keep(id, key(id));
      return id;
    };

    it('has none in the beginning, and then knows any one of them', async () => {
      expect(await keys.any()).toBeUndefined();
      await keys.keep('user_first', key('one'));
      expect(await keys.any()).toEqual({ subject: 'user_first', wrapped: key('one') });
    });

    it('keeps the first key of a subject, to the byte', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      expect(await keys.keep('user_bytes', bytes)).toEqual(bytes);
      expect(await keys.keep('user_bytes', key('second'))).toEqual(bytes);
      expect(await keys.of(['user_bytes', 'user_nobody', "'; --"])).toEqual(new Map([['user_bytes', bytes]]));
    });

    it('gives twenty who ask at once one key', async () => {
      const asked = Array.from({ length: 20 }, (_, index) => keys.keep('user_crowd', key(`key ${index}`)));
      expect(new Set((await Promise.all(asked)).map(String)).size).toBe(1);
    });

    it('finds a subject by each of its digests', async () => {
      await subject('user_anna');
      expect(await keys.name('user_anna', ['anna', 'anna@a'], since)).toEqual([]);
      expect(await keys.name('user_anna', ['anna', 'anna@b'], '2027-01-01T00:00:00.000Z')).toEqual([]);
      expect(await keys.find('anna')).toEqual({ subject: 'user_anna', since });
      expect(await keys.find('anna@b')).toMatchObject({ subject: 'user_anna' });
      expect(await keys.find('somebody')).toBeUndefined();
    });

    it('gives all of the digests, or none: what is taken stays with whom it has', async () => {
      await keys.name(await subject('user_holder'), ['held'], since);
      await subject('user_late');
      expect(await keys.name('user_late', ['free', 'held'], since)).toEqual(['held']);
      expect(await keys.find('free')).toBeUndefined();
      expect(await keys.find('held')).toMatchObject({ subject: 'user_holder' });
    });

    it('gives a digest to one of twenty who want it at once, and to the others nothing at all', async () => {
      const wanting = await Promise.all(Array.from({ length: 20 }, (_, index) => subject(`user_w${index}`)));
      const outcomes = await Promise.all(
        wanting.map((id, index) => keys.name(id, index % 2 ? [`own ${id}`, 'wanted'] : ['wanted', `own ${id}`], since)),
      );
      const [winner, ...others] = wanting.filter((_, index) => outcomes[index]?.length === 0);
      expect(others).toEqual([]);
      expect(await keys.find('wanted')).toMatchObject({ subject: winner });
      for (const id of wanting) expect((await keys.find(`own ${id}`))?.subject).toBe(id === winner ? id : undefined);
    });

    it('forgets the key and the names, for ever, and lets others have them', async () => {
      await keys.name(await subject('user_gone'), ['gone'], since);
      await keys.forget('user_gone');
      await keys.forget('user_gone');
      expect((await keys.of(['user_gone'])).size).toBe(0);
      expect(await keys.find('gone')).toBeUndefined();
      expect(await keys.keep('user_gone', key('again'))).toBeUndefined();
      await keys.name('user_gone', ['gone again'], since);
      expect(await keys.find('gone again')).toBeUndefined();
      expect(await keys.name(await subject('user_heir'), ['gone'], since)).toEqual([]);
      expect(await keys.find('gone')).toMatchObject({ subject: 'user_heir' });
    });

    it('forgets also whom it never knew', async () => {
      await keys.forget('user_unknown');
      expect(await keys.keep('user_unknown', key('late'))).toBeUndefined();
    });
  });
};
