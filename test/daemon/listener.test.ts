import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { openListener } from '../../src/daemon/listener.ts';
import { renderMetrics } from '../../src/observe/metrics.ts';

let alive = true;
const PARTS = {
  health: () => ({ alive, body: { status: alive ? 'ok' : 'stuck' } }),
  accounts: () => ({ well: false, body: { failing: ['a'] } }),
  metrics: () => 'x 1\n',
};

function get(
  port: number,
  path: string,
  { host = '127.0.0.1', method = 'GET' } = {},
): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers: { host } }, (response) => {
      text(response).then((body) => resolve([response.statusCode ?? 0, body.trim()]), reject);
    })
      .on('error', reject)
      .end();
  });
}

describe('the listener', () => {
  it('tells health, accounts and metrics, and nothing else', async () => {
    await using listener = await openListener({ host: '127.0.0.1', port: 0 }, PARTS);
    expect(await get(listener.port, '/health')).toEqual([200, '{"status":"ok"}']);
    expect(await get(listener.port, '/health/accounts?x')).toEqual([503, '{"failing":["a"]}']);
    expect(await get(listener.port, '/metrics')).toEqual([200, 'x 1']);
    expect((await get(listener.port, '/status'))[0]).toBe(404);
    expect((await get(listener.port, '/health', { method: 'POST' }))[0]).toBe(405);
    alive = false;
    expect(await get(listener.port, '/health')).toEqual([503, '{"status":"stuck"}']);
  });

  it('turns away a browser that some web page has sent here under its own name', async () => {
    await using listener = await openListener({ host: '127.0.0.1', port: 0 }, PARTS);
    expect((await get(listener.port, '/metrics', { host: 'evil.example' }))[0]).toBe(403);
    expect((await get(listener.port, '/metrics', { host: 'localhost:9495' }))[0]).toBe(200);
  });

  it('says what is wrong when the address is taken', async () => {
    await using taken = await openListener({ host: '127.0.0.1', port: 0 }, PARTS);
    await expect(openListener({ host: '127.0.0.1', port: taken.port }, PARTS)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(`Cannot listen at 127.0.0.1:${taken.port}`),
    });
  });
});

it('metrics are written as Prometheus reads them', () => {
  const labels = { account: 'a"b\\c\nd' };
  const samples = [{ labels, value: 1.5 }, { value: Number.NaN }];
  expect(renderMetrics([{ name: 'x_total', type: 'counter', help: 'X.', samples }])).toBe(
    '# HELP x_total X.\n# TYPE x_total counter\nx_total{account="a\\"b\\\\c\\nd"} 1.5\nx_total NaN\n',
  );
});
