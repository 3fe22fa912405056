import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Role } from '@strata/contracts';
import { Clock, ManualClock } from '@strata/event-store';
import { AsOf, Claims, MemoryClaims, Principals, createHttpApp } from '@strata/http';
import type { Principal } from '@strata/http';
import { GatewayModule } from './gateway.module.js';
import type { ReadinessReport, StatusReport } from './platform/ports.js';

class TwoKeys extends Principals {
  override async of(bearer: string): Promise<Principal | undefined> {
    const roles: Readonly<Record<string, Role>> = { viewer: 'viewer', root: 'platform-administrator' };
    const role = roles[bearer];
    return role && { userId: `user_${bearer}`, tenantId: 'ten_a', role, keyId: 'key_1' };
  }
}

let readiness: ReadinessReport = { status: 'ok', checks: { log: 'ok' } };
const status: StatusReport = {
  version: '0.1.0',
  hypervisor: 'simulated',
  position: 7,
  instances: { running: 1 },
  hosts: { ready: 2 },
  runningOperations: 0,
};

@Module({
  imports: [
    GatewayModule.on({
      readiness: { report: async () => readiness },
      status: { report: async () => new AsOf(status, status.position) },
      document: { read: () => ({ openapi: '3.1.0' }) },
      logs: { all: () => [] },
      progress: {
        report: async () => [{ service: 'iaas', position: 7, lags: { 'view "a"\\b': 3 }, parked: { processes: 2 } }],
      },
    }),
  ],
  providers: [
    { provide: Principals, useClass: TwoKeys },
    { provide: Claims, useClass: MemoryClaims },
    { provide: Clock, useValue: new ManualClock() },
  ],
})
class TestModule {}

const quiet = { log() {}, warn() {}, error() {} };

describe('the gateway', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await createHttpApp(TestModule, { logger: quiet });
    await app.init();
  });
  afterAll(() => app.close());

  const get = (url: string, key?: 'viewer' | 'root') =>
    app.inject({ url, headers: key ? { authorization: `Bearer ${key}` } : {} });

  it('says that it lives, to everybody', async () => {
    const answer = await get('/healthz');
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('says whether it serves, and what does not work', async () => {
    readiness = { status: 'starting', checks: { log: 'is read' } };
    const starting = await get('/readyz');
    expect(starting.statusCode).toBe(503);
    expect(starting.headers['retry-after']).toBe('1');
    expect(starting.json()).toMatchObject({ code: 'service.unavailable', details: { checks: { log: 'is read' } } });
    readiness = { status: 'degraded', checks: { host: 'is silent' } };
    const degraded = await get('/readyz');
    expect([degraded.statusCode, degraded.json()]).toEqual([200, readiness]);
  });

  it('tells who asks', async () => {
    const principal = { userId: 'user_viewer', tenantId: 'ten_a', role: 'viewer', keyId: 'key_1' };
    expect((await get('/v1/whoami', 'viewer')).json()).toEqual(principal);
    expect((await get('/v1/whoami')).statusCode).toBe(401);
  });

  it('shows the document and the status', async () => {
    expect((await get('/v1/openapi.json')).json()).toEqual({ openapi: '3.1.0' });
    expect((await get('/v1/status', 'viewer')).json()).toEqual(status);
  });

  it('keeps its figures for administrators of the platform', async () => {
    expect((await get('/metrics')).statusCode).toBe(401);
    expect((await get('/metrics', 'viewer')).statusCode).toBe(403);
  });

  it('gives figures that Prometheus reads', async () => {
    await get('/v1/nowhere-a');
    await get('/v1/nowhere-b');
    const before = valueOf(
      await figures(),
      'http_request_duration_seconds_count{method="GET",route="/healthz",status="200"}',
    );
    await get('/healthz');
    const text = await figures();

    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) [a-z_0-9]+ .+|[a-z_0-9]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? \d[\d.e+-]*)$/,
      );
    }
    expect(valueOf(text, 'http_request_duration_seconds_count{method="GET",route="/healthz",status="200"}')).toBe(
      before + 1,
    );
    expect(text).not.toContain('nowhere');
    expect(valueOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(valueOf(text, 'nodejs_eventloop_lag_p99_seconds')).toBeLessThan(10);
    expect(valueOf(text, 'strata_log_position{service="iaas"}')).toBe(7);
    expect(valueOf(text, 'strata_subscription_parked_streams{service="iaas",subscription="processes"}')).toBe(2);
    expect(valueOf(text, 'strata_subscription_lag_events{service="iaas",subscription="view \\"a\\"\\\\b"}')).toBe(3);
  });

  it('counts every answer in the last bucket', async () => {
    await get('/healthz');
    const text = await figures();
    const labels = 'method="GET",route="/healthz",status="200"';
    const all = valueOf(text, `http_request_duration_seconds_bucket{${labels},le="+Inf"}`);
    expect(all).toBe(valueOf(text, `http_request_duration_seconds_count{${labels}}`));
  });

  const figures = async () => (await get('/metrics', 'root')).body;
  const valueOf = (text: string, name: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
});
