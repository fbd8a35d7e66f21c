import { expect, test } from 'vitest';
import { parseCapabilities } from '../../src/pop3/capabilities.ts';
import { openSession, type SessionOptions, type TlsMode } from '../../src/pop3-client/index.ts';
import { createServer } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { type Answer, answering, rawPeer } from '../support/raw-peer.ts';

/** A login with what the server has announced in an earlier session. */

const ALICE = { user: 'alice', password: 'secret' } as const;

/** A server that announces these capabilities, and accepts these commands besides. */
function announcing(capabilities: string, accepted: readonly string[]): Answer {
  return (command) => {
    if (command === 'CAPA') return `+OK\r\n${capabilities}\r\n.\r\n`;
    return accepted.includes(command) ? '+OK\r\n' : '-ERR no\r\n';
  };
}

const refuseAndClose: Answer = (command, line) => {
  if (command === 'CAPA') line.end();
  return command === 'CAPA' ? undefined : '-ERR [AUTH] no\r\n';
};

async function commandsTo(
  answer: Answer,
  expected: string,
): Promise<{ commands: readonly string[]; failure: unknown }> {
  await using peer = await rawPeer(answering(answer));
  const options: SessionOptions = { host: peer.host, port: peer.port, ...ALICE, tls: 'none' };
  const failure = await openSession({ ...options, expected: parseCapabilities(expected.split(' | ')) }).then(
    (session) => session.close(),
    (error: unknown) => error,
  );
  const received = peer.lines[0]?.received ?? '';
  return { commands: received.split('\r\n').filter((line) => line !== ''), failure };
}

test.each<[TlsMode, readonly string[]]>([
  ['none', ['UTF8', 'AUTH PLAIN', 'CAPA', 'QUIT']],
  ['starttls', ['STLS', 'UTF8', 'AUTH PLAIN', 'CAPA', 'QUIT']],
])('spares what would be asked for before it (TLS: %s)', async (tls, spared) => {
  const steps: string[] = [];
  await using server = await createServer({
    users: { alice: { password: 'secret' } },
    tls: certificate(),
    observe: (event) => {
      if (event.kind === 'command') steps.push(event.line.replace(/^(AUTH PLAIN) .*/, '$1'));
    },
  });
  const options: SessionOptions = { ...server.address, ...ALICE, tls, auth: 'plain', ca: [authority().cert] };
  const first = await openSession(options);
  expect(first.announced?.has('STLS')).toBe(tls === 'none');
  await first.quit();
  steps.length = 0;
  const second = await openSession({ ...options, expected: first.announced });
  expect(second.announced).toEqual(first.announced);
  expect(second.capabilities?.has('PIPELINING')).toBe(true);
  await second.quit();
  expect(steps).toEqual(spared);
});

test('that is refused is made as the server announces now, where that is something else', async () => {
  const answer = announcing('USER', ['USER alice', 'PASS secret']);
  const { commands, failure } = await commandsTo(answer, 'SASL PLAIN');
  expect(failure).toBeUndefined();
  expect(commands).toEqual(['AUTH PLAIN AGFsaWNlAHNlY3JldA==', 'CAPA', 'USER alice', 'PASS secret', 'CAPA']);
});

test('that is refused is not made again where the server announces the same', async () => {
  const { commands, failure } = await commandsTo(announcing('USER', ['USER alice']), 'USER');
  expect(failure).toMatchObject({ code: 'login-refused' });
  expect(commands).toEqual(['USER alice', 'PASS secret', 'CAPA']);
});

test('that is refused by a server which then closes is refused, and no lost line', async () => {
  const { failure } = await commandsTo(refuseAndClose, 'USER');
  expect(failure).toMatchObject({ code: 'login-refused' });
});
