import { describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import {
  candidatesAt,
  candidatesFor,
  discover,
  noServer,
  parseServer,
  realNetwork,
} from '../../src/setup/discover.ts';
import { authority, certificate } from '../support/certificates.ts';
import { dnsServer } from '../support/dns-server.ts';
import { freePort } from '../support/dovecot.ts';

const trust = { ca: [authority().cert], signal: new AbortController().signal };

describe('the server of an address', () => {
  it('is the one of the table for a known provider, and DNS is not asked', async () => {
    await using names = await dnsServer({});
    const [first] = await candidatesFor('me@gmail.com', realNetwork(trust, [names.address]));
    expect(first).toMatchObject({ host: 'pop.gmail.com', port: 995, tls: 'implicit', from: 'table' });
    expect(names.asked).toEqual([]);
  });

  it('is what SRV records say, in their order, before any guess', async () => {
    await using names = await dnsServer({
      '_pop3s._tcp.home.test': [
        { priority: 20, weight: 0, port: 995, target: 'spare.home.test' },
        { priority: 10, weight: 1, port: 1995, target: 'light.home.test' },
        { priority: 10, weight: 9, port: 2995, target: 'heavy.home.test' },
      ],
      '_pop3._tcp.home.test': [{ priority: 0, weight: 0, port: 0, target: '.' }],
    });
    const candidates = await candidatesFor('me@Home.test', realNetwork(trust, [names.address]));
    expect(candidates.filter(({ from }) => from === 'dns')).toEqual([
      { host: 'heavy.home.test', port: 2995, tls: 'implicit', from: 'dns' },
      { host: 'light.home.test', port: 1995, tls: 'implicit', from: 'dns' },
      { host: 'spare.home.test', port: 995, tls: 'implicit', from: 'dns' },
    ]);
    expect(candidates[3]).toEqual({ host: 'pop.home.test', port: 995, tls: 'implicit', from: 'guess' });
    expect(names.asked).toEqual(['_pop3s._tcp.home.test', '_pop3._tcp.home.test']);
  });

  it('is found by its SRV record and tried for real, STLS where it has no other', async () => {
    const { cert, key } = certificate();
    await using server = await createServer({ users: {}, tls: { cert, key }, tlsPort: 0 });
    await using implicit = await dnsServer({
      '_pop3s._tcp.home.test': [
        { priority: 0, weight: 0, port: await freePort(), target: 'localhost' },
        { priority: 1, weight: 0, port: server.tlsAddress?.port ?? 0, target: 'localhost' },
      ],
    });
    const found = await discover('me@home.test', { network: realNetwork(trust, [implicit.address]) });
    expect(found.server).toMatchObject({ port: server.tlsAddress?.port, tls: 'implicit', from: 'dns' });
    expect(found.failed.map(({ error }) => error.code)).toEqual(['unreachable']);
    expect(implicit.asked).toContain('_pop3s._tcp.home.test');
    await using plain = await dnsServer({
      '_pop3._tcp.home.test': [{ priority: 0, weight: 0, port: server.address.port, target: 'localhost' }],
    });
    const { server: other } = await discover('me@home.test', {
      network: realNetwork(trust, [plain.address]),
    });
    expect(other).toMatchObject({ port: server.address.port, tls: 'starttls', from: 'dns' });
  });

  it('that SRV records name and that does not answer is said, rather than what was guessed', async () => {
    const port = await freePort();
    await using names = await dnsServer({
      '_pop3s._tcp.home.test': [{ priority: 0, weight: 0, port, target: 'localhost' }],
    });
    const error = noServer(
      'me@home.test',
      await discover('me@home.test', { network: realNetwork(trust, [names.address]) }),
    );
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(error.message).toContain(String(port));
  });

  it('that somebody names is tried in each way that keeps the password hidden, on this machine also without', async () => {
    expect(candidatesAt({ host: 'pop.example.org' }).map(({ port, tls }) => [port, tls])).toEqual([
      [995, 'implicit'],
      [110, 'starttls'],
    ]);
    await using server = await createServer({ users: {} });
    const { host, port } = server.address;
    const found = await discover('me@home.test', { network: realNetwork(trust), said: { host, port } });
    expect(found.server).toMatchObject({ host, port, tls: 'none' });
    expect(candidatesAt({ host, port, tls: 'implicit' })).toHaveLength(1);
  });

  it.each([
    ['pop.example.org', { host: 'pop.example.org', port: undefined }],
    ['localhost:1110', { host: 'localhost', port: 1110 }],
    ['::1', { host: '::1', port: undefined }],
    ['pop3s://pop.example.org', undefined],
    ['pop.example.org:99999', undefined],
    ['not a name', undefined],
  ])('is read from %j', (text, server) => {
    expect(parseServer(text)).toEqual(server);
  });
});
