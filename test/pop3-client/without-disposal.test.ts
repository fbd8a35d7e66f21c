import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
});

test('a session needs no symbols of disposal, which Jest 29 does not have', async () => {
  // In contexts other than its own, Node 20 has none.
  const whole = Symbol;
  const without = new Proxy((text?: string) => whole(text), {
    get: (_, name) => (/dispose$/i.test(String(name)) ? undefined : (Reflect.get(whole, name) as unknown)),
  });
  vi.stubGlobal('Symbol', without);
  vi.resetModules();
  const { createServer } = await import('../../src/pop3-server/index.ts');
  const { openSession } = await import('../../src/pop3-client/index.ts');
  const server = await createServer({
    users: { alice: { password: 'secret', messages: ['Subject: 1\r\n\r\n'] } },
  });
  const account = { ...server.address, tls: 'none', user: 'alice', password: 'secret' } as const;
  for (const auth of ['user-pass', 'scram-sha-256'] as const) {
    const session = await openSession({ ...account, auth });
    expect(await session.list()).toHaveLength(1);
    await session.quit();
  }
  await server.close();
});
