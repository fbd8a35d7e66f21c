import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  createServer,
  FilesMaildrop,
  type Pop3Server,
  type ServerAddress,
  type ServerEvent,
  type ServerOptions,
} from '../../src/pop3-server/index.ts';
import { certificate } from '../support/certificates.ts';
import { requirePrograms } from '../support/programs.ts';
import { makesFolder } from './folder.ts';

/** Clients that others wrote, against the included server. */

const run = promisify(execFile);
const MESSAGES = [
  Buffer.from('Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nend\r\n'),
  Buffer.from('Subject: 8-bit\r\n\r\n\xe4\xf6\xfc\xff\0\r\n', 'latin1'),
  Buffer.from(`Subject: long\r\n\r\n${'x'.repeat(1500)}\r\n`),
];

let folder: string;
let caFile: string;

beforeAll(
  makesFolder((path) => {
    folder = path;
    caFile = join(path, 'ca.pem');
  }),
);

function serve(more: Partial<ServerOptions> = {}): Promise<Pop3Server> {
  const alice = { password: 'secret with spaces', messages: MESSAGES };
  return createServer({ users: { alice }, tls: certificate(), tlsPort: 0, ...more });
}

function secureAddress(server: Pop3Server): ServerAddress {
  if (server.tlsAddress === undefined) throw new Error('The server has no TLS listener.');
  return server.tlsAddress;
}

/** Logs in, prints all there is as JSON, and deletes the first message. */
const POPLIB_SESSION = `
import json, poplib, ssl, sys
how, host, port, ca, login = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
context = ssl.create_default_context(cafile=ca)
if how == 'implicit':
    pop = poplib.POP3_SSL(host, port, context=context)
else:
    pop = poplib.POP3(host, port)
    if how == 'stls':
        pop.stls(context)
if login == 'apop':
    pop.apop('alice', 'secret with spaces')
else:
    pop.user('alice')
    pop.pass_('secret with spaces')
count, octets = pop.stat()
print(json.dumps({
    'capabilities': sorted(pop.capa()),
    'stat': [count, octets],
    'list': [row.decode() for row in pop.list()[1]],
    'uidl': [row.decode() for row in pop.uidl()[1]],
    'top': [line.decode('latin1') for line in pop.top(1, 1)[1]],
    'messages': [[line.hex() for line in pop.retr(number + 1)[1]] for number in range(count)],
}))
pop.dele(1)
pop.quit()
`;

describe('poplib of Python', () => {
  beforeEach(requirePrograms('python3'));

  test.each([
    ['none', 'user'],
    ['stls', 'user'],
    ['implicit', 'user'],
    ['none', 'apop'],
  ])('does a whole session, TLS: %s, by %s', async (how, login) => {
    await using server = await serve();
    const { host, port } = how === 'implicit' ? secureAddress(server) : server.address;
    const { uids } = server.maildrop('alice');
    const { stdout } = await run('python3', ['-c', POPLIB_SESSION, how, host, String(port), caFile, login]);
    const seen = JSON.parse(stdout) as Record<string, unknown>;
    expect(seen).toMatchObject({
      stat: [3, MESSAGES.reduce((sum, { length }) => sum + length, 0)],
      list: MESSAGES.map(({ length }, index) => `${index + 1} ${length}`),
      uidl: uids.map((uid, index) => `${index + 1} ${uid}`),
      top: ['Subject: dots', '', '.'],
      messages: MESSAGES.map((message) =>
        message
          .toString('latin1')
          .split('\r\n')
          .slice(0, -1)
          .map((line) => Buffer.from(line, 'latin1').toString('hex')),
      ),
    });
    expect(seen['capabilities']).toEqual(expect.arrayContaining(['PIPELINING', 'SASL', 'TOP', 'UIDL']));
    expect(server.maildrop('alice').messages).toEqual(MESSAGES.slice(1));
  });
});

/** The same in Perl. */
const NET_POP3_SESSION = `
use strict; use warnings; use Net::POP3; use JSON::PP;
my ($how, $host, $port, $ca, $login) = @ARGV;
my @trust = (SSL_ca_file => $ca, SSL_verifycn_name => 'localhost');
my @secured = $how eq 'implicit' ? (SSL => 1, @trust) : ();
my $pop = Net::POP3->new($host, Port => $port, Timeout => 30, @secured) or die "no connection: $@";
if ($how eq 'stls') { $pop->starttls(@trust) or die "no TLS: " . $pop->message }
defined $pop->$login('alice', 'secret with spaces') or die 'refused: ' . $pop->message;
my $hex = sub { join '', map { (my $line = $_) =~ s/\\r\\n\\z/\\n/; unpack 'H*', $line } @{$_[0]} };
my $count = keys %{$pop->list};
print encode_json({
  list => $pop->list,
  uidl => $pop->uidl,
  top => $hex->($pop->top(1, 1)),
  messages => [map { $hex->($pop->get($_)) } 1 .. $count],
});
$pop->delete(1);
$pop->quit;
`;

/** Net::POP3 makes the line ends those of the system, within TLS by the script. */
function inHex(octets: Buffer): string {
  return Buffer.from(octets.toString('latin1').replaceAll('\r\n', '\n'), 'latin1').toString('hex');
}

function numbered(values: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(values.map((value, index) => [String(index + 1), value]));
}

function listing(values: readonly unknown[]): string {
  return values.map((value, index) => `${index + 1} ${String(value)}\r\n`).join('');
}

describe('Net::POP3 of Perl', () => {
  beforeEach(requirePrograms('perl'));

  test.each([
    ['none', 'login'],
    ['stls', 'login'],
    ['implicit', 'login'],
    ['none', 'apop'],
  ])('does a whole session, TLS: %s, by %s', async (how, login) => {
    await using server = await serve();
    const { port } = how === 'implicit' ? secureAddress(server) : server.address;
    const { uids } = server.maildrop('alice');
    const words = ['-e', NET_POP3_SESSION, how, '127.0.0.1', String(port), caFile, login];
    const { stdout } = await run('perl', words);
    expect(JSON.parse(stdout)).toEqual({
      list: numbered(MESSAGES.map(({ length }) => String(length))),
      uidl: numbered(uids),
      top: inHex(Buffer.from('Subject: dots\n\n.\n')),
      messages: MESSAGES.map(inHex),
    });
    expect(server.maildrop('alice').messages).toEqual(MESSAGES.slice(1));
  });
});

describe('curl', () => {
  beforeEach(requirePrograms('curl'));

  async function curl(url: string, ...options: readonly string[]): Promise<Buffer> {
    const account = ['--user', 'alice:secret with spaces', '--cacert', caFile];
    const all = ['--silent', '--show-error', '--max-time', '30', ...account, ...options, url];
    return (await run('curl', all, { encoding: 'buffer' })).stdout;
  }

  test.each([
    ['USER', '+LOGIN', ['SASL', 'APOP']],
    ['APOP', '+APOP', []],
    ['AUTH PLAIN', 'PLAIN', []],
    ['AUTH LOGIN', 'LOGIN', []],
    ['AUTH CRAM-MD5', 'CRAM-MD5', []],
  ])('retrieves octet by octet, logged in with %s', async (command, word, without) => {
    const commands: string[] = [];
    const observe = (event: ServerEvent): void => {
      if (event.kind === 'command') commands.push(event.line);
    };
    await using server = await serve({ without, observe });
    const { port } = server.address;
    for (const [index, message] of MESSAGES.entries()) {
      const url = `pop3://127.0.0.1:${port}/${index + 1}`;
      const login = without.length === 0 ? ['--login-options', `AUTH=${word}`] : [];
      expect(await curl(url, ...login)).toEqual(message);
    }
    expect(commands.find((line) => /^(USER|APOP|AUTH)/.test(line))).toMatch(new RegExp(`^${command}( |$)`));
  });

  test('retrieves by STLS and by implicit TLS', async () => {
    await using server = await serve();
    const stls = await curl(`pop3://localhost:${server.address.port}/1`, '--ssl-reqd', '--ipv4');
    const implicit = await curl(`pop3s://localhost:${secureAddress(server).port}/1`, '--ipv4');
    expect([stls, implicit]).toEqual([MESSAGES[0], MESSAGES[0]]);
  });

  test('lists, and gives the top of a message', async () => {
    await using server = await serve();
    const url = `pop3://127.0.0.1:${server.address.port}`;
    const { uids } = server.maildrop('alice');
    expect(String(await curl(url))).toBe(listing(MESSAGES.map(({ length }) => length)));
    expect(String(await curl(url, '--request', 'UIDL'))).toBe(listing(uids));
    expect(String(await curl(url, '--request', 'TOP 1 1'))).toBe('Subject: dots\r\n\r\n.\r\n');
  });

  test('deletes a file on disk', async () => {
    const maildrop = join(folder, 'one.maildrop');
    await mkdir(maildrop);
    await writeFile(join(maildrop, 'a.eml'), 'Subject: a\n\na\n');
    await writeFile(join(maildrop, 'b.eml'), 'Subject: b\n\nb\n');
    const users = { alice: { password: 'secret with spaces', maildrop: new FilesMaildrop(maildrop) } };
    await using server = await createServer({ users });
    const url = `pop3://127.0.0.1:${server.address.port}`;
    expect((await curl(`${url}/2`)).toString()).toBe('Subject: b\r\n\r\nb\r\n');
    await curl(`${url}/1`, '--request', 'DELE', '--head');
    expect(await readdir(maildrop)).toEqual(['b.eml']);
  });

  test('is refused with a wrong password', async () => {
    await using server = await serve();
    const url = `pop3://127.0.0.1:${server.address.port}/1`;
    await expect(run('curl', ['--silent', '--user', 'alice:wrong', url])).rejects.toMatchObject({ code: 67 });
  });
});
