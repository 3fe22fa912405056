import { until } from '../platform.js';
import { Listener } from './asking/listener.js';
import { Target } from './target.js';
import { settle } from './tenancy.js';
import { socketsOf } from './watching/sockets.js';
import type { Estate } from './tenancy.js';

/** What one user may have open at a time. */
const CAP = 400;
/** A kernel takes about so much for somebody who does not read, before it makes the sender wait. */
const MORE_THAN_A_KERNEL_TAKES = 5 * 1024 * 1024;

describe('S24: streams of events', () => {
  let target: Target;
  let alfa: Estate;
  let bravo: Estate;
  let deaf: Listener;
  let open: readonly Listener[] = [];

  beforeAll(async () => {
    target = await Target.start();
    [alfa, bravo] = await Promise.all([settle(target, 'alfa'), settle(target, 'bravo')]);
    await talk();
    deaf = await Listener.open(place(alfa.people.admin.key), { reads: false });
  }, 60_000);
  afterAll(async () => {
    for (const stream of [deaf, ...open]) stream.close();
    await target.remove();
  });

  const place = (key: string, path = '/v1/events?since=0') => ({ apiUrl: target.server.apiUrl, key, path });

  /** Events so large that nobody can leave them unread for long. */
  const talk = async (): Promise<void> => {
    const sshKeys = Array.from({ length: 20 }, () => `ssh-ed25519 AAAA ${'x'.repeat(1_980)}`);
    const spec = { image: 'tiny', flavor: 'nano', sshKeys };
    for (let told = 0, n = 0; told < MORE_THAN_A_KERNEL_TAKES; n++) {
      const { status } = await target.ask(alfa.people.owner.key, 'POST /v1/instances', { ...spec, name: `large-${n}` });
      expect(status).toBe(202);
      told += JSON.stringify(sshKeys).length;
    }
  };

  it('are so many for one user; the next one is told so, and others have theirs', async () => {
    const streams = await Promise.all(
      Array.from({ length: CAP + 5 }, () => Listener.open(place(bravo.people.viewer.key))),
    );
    open = streams;
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(CAP);
    const refused = streams.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(5);
    await until('they are told why', async () =>
      refused.every(({ text }) => text.includes('"code":"stream.too-many"')),
    );
    const other = await Listener.open(place(bravo.people.operator.key));
    expect(other.status).toBe(200);
    other.close();

    for (const stream of streams) stream.close();
    await until('there is room again', async () => {
      const again = await Listener.open(place(bravo.people.viewer.key));
      again.close();
      return again.status === 200;
    });
  }, 30_000);

  it('tell nothing of another tenant’s things, whatever they ask for', async () => {
    const ids = Object.values(alfa.ids).map((id) => `/v1/events?since=0&resource=${id}`);
    const streams = await Promise.all(
      [...ids, '/v1/events?since=0'].map((path) => Listener.open(place(bravo.people.owner.key, path))),
    );
    open = streams;
    await target.ask(alfa.people.owner.key, `POST /v1/instances/${alfa.ids['instances']}/stop`, { graceSeconds: 0 });
    const { id } = await target.instance(bravo.people.owner.key, { name: 'last', image: 'tiny', flavor: 'nano' });
    await until('everything is told', async () => streams.at(-1)?.text.includes(id));
    for (const { text } of streams) {
      expect(text).not.toContain(alfa.tenantId);
      expect(text).not.toContain(alfa.ids['instances']);
    }
    for (const stream of streams) stream.close();
  }, 30_000);

  it('end for who does not read, and go on for who does', async () => {
    const reader = await Listener.open(place(alfa.people.owner.key));
    open = [reader];
    await until('all is read', async () => reader.text.length > MORE_THAN_A_KERNEL_TAKES, 20);
    const serverPort = Number(new URL(target.server.apiUrl).port);
    const isServed = ({ port }: Listener) =>
      socketsOf().some(({ local, remote }) => local.port === serverPort && remote.port === port);
    await until('the deaf one is cut off', async () => !isServed(deaf), 60);
    expect(isServed(reader)).toBe(true);
    expect(reader.isOver).toBe(false);
    deaf.resume();
    await until('it hears of it', async () => deaf.isOver);
  }, 90_000);
});
