import { describe, expect, test } from 'vitest';
import { type Answer, answering, rawPeer } from '../support/raw-peer.ts';
import { Ferry } from './ferry.ts';

/** What servers of the field say, each with its own oddities, and that mail is carried from them all the same. */
interface Server {
  readonly greeting: string;
  /** The lines of its CAPA; undefined: it does not know that command. */
  readonly capa?: readonly string[];
  /** The unique-ids of its messages; undefined: it does not know UIDL. */
  readonly uids?: readonly string[];
  /** How many octets its LIST is off for each message. */
  readonly sizesOff?: number;
  readonly statOff?: number;
  readonly answers?: Readonly<Record<string, string>>;
}

const MESSAGES = ['Subject: one\r\n\r\nfirst\r\n', 'Subject: two\r\n\r\nsecond\r\n'];

const SERVERS: Readonly<Record<string, Server>> = {
  'popa3d: a bare greeting, no CAPA, no TOP': {
    greeting: '+OK',
    uids: ['0123456789abcdef', 'fedcba9876543210'],
  },
  'popa3d: one unique-id for two messages': { greeting: '+OK', uids: ['same', 'same'] },
  'solid-pop3d: no CAPA': { greeting: '+OK Solid <1.2@host>', uids: ['a', 'b'] },
  'tcllib: no UIDL, sizes of another line end': {
    greeting: '+OK ready <1.2@host>',
    capa: ['USER', 'PIPELINING'],
    sizesOff: -4,
  },
  'mailutils: a tag that is two, a size that is no sum': {
    greeting: '+OK POP3 Ready <1.2@host>',
    capa: ['TOP', 'UIDL', 'RESP-CODES', 'PIPELINING', 'AUTH-RESP-CODE', 'EXPIRENEVER', 'USER'],
    uids: ['x.1', 'x.2'],
    statOff: 100,
  },
  'Dovecot: a tag CAPA, sizes short of a line end': {
    greeting: '+OK Dovecot ready.',
    capa: ['CAPA', 'TOP', 'UIDL', 'RESP-CODES', 'PIPELINING', 'USER', 'SASL PLAIN'],
    uids: ['0000000165d0', '0000000265d0'],
    sizesOff: -2,
  },
  'Courier: UTF8 that changes messages': {
    greeting: '+OK Hello there.',
    capa: [
      'SASL LOGIN',
      'TOP',
      'USER',
      'PIPELINING',
      'UIDL',
      'UTF8 USER',
      'IMPLEMENTATION Courier Mail Server',
    ],
    uids: ['UID1-1', 'UID2-1'],
    answers: { UTF8: '+OK UTF8 enabled' },
  },
  'a server that announces nothing useful': {
    greeting: '+OK',
    capa: ['', '  ', '\x01\x02', 'X-JUNK =!'],
    uids: ['a', 'b'],
  },
  'a server that refuses what it announced': {
    greeting: '+OK',
    capa: ['UTF8', 'LANG', 'USER', 'UIDL'],
    uids: ['a', 'b'],
    answers: { UTF8: '-ERR not today' },
  },
};

function lines(rows: readonly string[]): string {
  return `+OK\r\n${rows.map((row) => `${row}\r\n`).join('')}.\r\n`;
}

function answersOf(server: Server): Answer {
  const { capa, uids, sizesOff = 0, statOff = 0, answers = {} } = server;
  const octets = MESSAGES.reduce((sum, { length }) => sum + length, 0);
  return (command) => {
    const said = answers[command];
    if (said !== undefined) return `${said}\r\n`;
    if (command === 'CAPA') return capa === undefined ? '-ERR unknown command\r\n' : lines(capa);
    if (/^(USER|PASS|NOOP|AUTH PLAIN )/.test(command) || command === 'AUTH LOGIN') {
      return command === 'AUTH LOGIN' ? '+ VXNlcm5hbWU6\r\n' : '+OK\r\n';
    }
    if (command === Buffer.from('alice').toString('base64')) return '+ UGFzc3dvcmQ6\r\n';
    if (command === Buffer.from('secret').toString('base64')) return '+OK\r\n';
    if (command === 'STAT') return `+OK ${MESSAGES.length} ${octets + statOff}\r\n`;
    if (command === 'LIST')
      return lines(MESSAGES.map(({ length }, index) => `${index + 1} ${length + sizesOff}`));
    if (command === 'UIDL')
      return uids === undefined
        ? '-ERR unknown command\r\n'
        : lines(uids.map((uid, at) => `${at + 1} ${uid}`));
    const [, digits] = /^RETR (\d+)$/.exec(command) ?? [];
    const message = MESSAGES[Number(digits) - 1];
    if (message !== undefined) return `+OK\r\n${message}.\r\n`;
    return command === 'QUIT' ? undefined : '-ERR unknown command\r\n';
  };
}

describe.each(Object.entries(SERVERS))('%s', (_, server) => {
  test('mail is carried once, and never again', async () => {
    await using peer = await rawPeer(answering(answersOf(server), `${server.greeting}\r\n`));
    await using ferry = await Ferry.to(peer);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', listed: 2, fetched: 2, kept: 2, error: null });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', listed: 2, fetched: 0, kept: 2, error: null });
    expect((await ferry.mail()).toSorted()).toEqual(
      MESSAGES.map((message) => message.replaceAll('\r\n', '\n')),
    );
  });
});

test('UTF8 is said before the login, where it is announced (RFC 6856)', async () => {
  const server = SERVERS['Courier: UTF8 that changes messages'];
  await using peer = await rawPeer(answering(answersOf(server as Server), '+OK\r\n'));
  await using ferry = await Ferry.to(peer);
  await ferry.poll();
  const said = peer.lines[0]?.received ?? '';
  expect(said.indexOf('UTF8\r\n')).toBeGreaterThan(said.indexOf('CAPA'));
  expect(said.indexOf('UTF8\r\n')).toBeLessThan(said.indexOf('AUTH LOGIN'));
});
