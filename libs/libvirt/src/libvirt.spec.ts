import { once } from 'node:events';
import { failureOf, FakeDaemon, until } from '@strata/testing/libvirt';
import type { FakeAnswers } from '@strata/testing/libvirt';
import type { DomainEvent } from './domain-event.js';
import { isNoSuchDomain, isOutcomeUnknown, LibvirtError } from './errors.js';
import { Libvirt } from './libvirt.js';
import type { LibvirtOptions } from './libvirt.js';

const dom = { name: 'web', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 4 };
const net = { name: 'blue', uuid: 'bbf1bb6f-fcef-4acc-99f9-4a5e4b02b75c' };
const never = (): Promise<never> => new Promise(() => undefined);

describe('a session with libvirt', () => {
  let daemon: FakeDaemon;
  let libvirt: Libvirt | undefined;

  const session = async (answers: FakeAnswers = {}, options: LibvirtOptions = {}): Promise<Libvirt> => {
    daemon = await FakeDaemon.start(answers);
    const retry = { firstMs: 1, mostMs: 20 };
    libvirt = await Libvirt.connect({ socketPath: daemon.socketPath, retry, ...options });
    return libvirt;
  };

  afterEach(async () => {
    libvirt?.close();
    libvirt = undefined;
    await daemon.stop();
  });

  it('opens without a sign-in and asks for the events', async () => {
    await session();
    const registered = 'connectDomainEventCallbackRegisterAny';
    expect(daemon.called).toEqual(['authList', 'connectOpen', registered, registered, registered]);
  });

  it('is refused by a daemon that wants a sign-in', async () => {
    daemon = await FakeDaemon.start({ authList: () => [2] });
    const error = await failureOf(Libvirt.connect({ socketPath: daemon.socketPath }));
    expect(error).toMatchObject({ kind: 'refused', code: 45 });
  });

  it('is unreachable when nobody listens', async () => {
    daemon = await FakeDaemon.start();
    await daemon.die();
    expect(await failureOf(Libvirt.connect({ socketPath: daemon.socketPath }))).toMatchObject({ kind: 'unreachable' });
  });

  it('understands answers that arrive byte by byte', async () => {
    const open = await session({
      domainLookupByName: ({ name }) => ({ ...dom, name }),
      domainGetXmlDesc: () => '<domain/>',
    });
    daemon.pieceBytes = 1;
    expect(await open.findDomain({ name: 'web' })).toEqual(dom);
    expect(await open.call('domainGetXmlDesc', { dom, flags: 0 })).toBe('<domain/>');
  });

  it('gives each of many calls its own answer, in whatever order they come', async () => {
    const waiting: (() => void)[] = [];
    const open = await session({
      domainLookupByName: ({ name }) => new Promise((resolve) => waiting.push(() => resolve({ ...dom, name }))),
    });
    const names = ['a', 'b', 'c', 'd'];
    const calls = names.map((name) => open.call('domainLookupByName', { name }));
    await until(() => waiting.length === names.length);
    for (const answer of waiting.reverse()) answer();
    expect((await Promise.all(calls)).map(({ name }) => name)).toEqual(names);
  });

  it('says code, domain and level of a refusal', async () => {
    const refusal = { code: 42, domain: 10, level: 2 };
    const open = await session({
      domainLookupByUuid: () => {
        throw new LibvirtError('refused', 'no domain with matching uuid', { refusal });
      },
    });
    const error = await failureOf(open.call('domainLookupByUuid', { uuid: dom.uuid }));
    expect(error).toMatchObject({ kind: 'refused', message: 'no domain with matching uuid', ...refusal });
    expect(isNoSuchDomain(error)).toBe(true);
    expect(isOutcomeUnknown(error)).toBe(false);
    expect(await open.findDomain({ uuid: dom.uuid })).toBeUndefined();
  });

  it('gives up on a call at its deadline, with an unknown outcome, and goes on', async () => {
    let late: (xml: string) => void = () => undefined;
    const open = await session({
      domainSuspend: never,
      domainGetXmlDesc: () => new Promise((resolve) => (late = resolve)),
      domainIsActive: () => true,
    });
    const error = await failureOf(open.call('domainSuspend', { dom }, { deadlineMs: 20 }));
    expect(error).toMatchObject({ kind: 'timeout' });
    expect(isOutcomeUnknown(error)).toBe(true);

    expect(await failureOf(open.call('domainGetXmlDesc', { dom, flags: 0 }, { deadlineMs: 20 }))).toMatchObject({
      kind: 'timeout',
    });
    late('<domain/>');
    expect(await open.call('domainIsActive', { dom })).toBe(true);
    expect(open.connected).toBe(true);
  });

  it('leaves calls under way with an unknown outcome when the daemon dies, and sends none until it is back', async () => {
    const open = await session({ domainSuspend: never });
    const suspended = failureOf(open.call('domainSuspend', { dom }));
    await until(() => daemon.called.includes('domainSuspend'));
    await daemon.die();
    const error = await suspended;
    expect(error).toMatchObject({ kind: 'lost' });
    expect(isOutcomeUnknown(error)).toBe(true);

    expect(open.connected).toBe(false);
    const unsent = await failureOf(open.call('domainSuspend', { dom }));
    expect(unsent).toMatchObject({ kind: 'unreachable' });
    expect(isOutcomeUnknown(unsent)).toBe(false);
  });

  it('comes back by itself, asks for its events again and says so', async () => {
    const open = await session();
    const events: DomainEvent[] = [];
    open.on('domain', (event) => events.push(event));
    const gone = once(open, 'disconnected');
    const failed = once(open, 'unreachable');
    await daemon.die();
    await gone;
    await failed;
    daemon.called.length = 0;

    const back = once(open, 'reconnected');
    await daemon.listen();
    await back;
    expect(daemon.called.filter((name) => name === 'connectDomainEventCallbackRegisterAny')).toHaveLength(3);
    daemon.tellStarted(dom);
    await until(() => events.length > 0);
    expect(events).toEqual([{ type: 'lifecycle', domain: dom, change: 'started', detail: 'booted' }]);
  });

  it('leaves a daemon that it cannot understand, and tries anew', async () => {
    const open = await session({ domainSuspend: never });
    const suspended = failureOf(open.call('domainSuspend', { dom }));
    await until(() => daemon.called.includes('domainSuspend'));
    const back = once(open, 'reconnected');
    daemon.sendRaw(Buffer.from('HTTP/1.1 400 Bad Request'));
    expect(await suspended).toMatchObject({ kind: 'protocol' });
    await back;
    expect(daemon.connections).toBe(1);
  });

  it('answers the daemon that asks whether it is alive', async () => {
    await session();
    daemon.ping();
    await until(() => daemon.pongs.length > 0);
    expect(daemon.pongs[0]).toMatchObject({ program: 0x6b65_6570, procedure: 2, type: 2 });
  });

  it('stays away once it was closed', async () => {
    const open = await session({ domainSuspend: never });
    const suspended = failureOf(open.call('domainSuspend', { dom }));
    await until(() => daemon.called.includes('domainSuspend'));
    open.close();
    expect(await suspended).toMatchObject({ kind: 'lost' });
    expect(await failureOf(open.domains())).toMatchObject({ kind: 'unreachable' });
    await until(() => daemon.connections === 0);
  });

  for (const [daemons, asSaid] of [
    ['today', true],
    ['before libvirt 7.2', false],
  ] as const) {
    it(`changes a network in the order that daemons of ${daemons} read`, async () => {
      const sent: object[] = [];
      const open = await session({
        connectSupportsFeature: ({ feature }) => feature === 16 && asSaid,
        networkUpdate: ({ command, section }) => void sent.push({ command, section }),
      });
      await open.updateNetwork(net, { command: 3, section: 4, xml: '<host/>' });
      expect(sent).toEqual([asSaid ? { command: 3, section: 4 } : { command: 4, section: 3 }]);
    });
  }

  it('gives what the guest agent returned', async () => {
    const asked: string[] = [];
    const open = await session({
      qemuDomainAgentCommand: ({ command, timeout }) => {
        asked.push(`${command} ${timeout}`);
        return '{"return":{"version":"7.2"}}';
      },
    });
    expect(await open.agentCommand(dom, { execute: 'guest-info' }, 3)).toEqual({ version: '7.2' });
    expect(asked).toEqual(['{"execute":"guest-info"} 3']);
  });
});
