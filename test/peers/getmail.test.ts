import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { translateGetmail } from '../../src/peers/getmail-accounts.ts';
import { parseGetmailRc } from '../../src/peers/getmail-rc.ts';
import { type PeerAccount, PeerSyntaxError } from '../../src/peers/peer.ts';
import { readPythonLiteral } from '../../src/peers/python-literal.ts';
import { propertyRuns } from '../support/property-runs.ts';

function account(text: string): PeerAccount {
  return translateGetmail(parseGetmailRc(text), {
    name: 'work',
    around: { folder: '/home/me/.getmail', localUser: 'me' },
  });
}

const RETRIEVER = '[retriever]\ntype = SimplePOP3SSLRetriever\nserver = pop.example.com\nusername = me\n';

describe('a getmailrc', () => {
  test('with TLS, a password command, limits and a retention keeps all of them', () => {
    expect(account(readFileSync('test/peers/samples/getmailrc-pop3s', 'utf8'))).toMatchObject({
      host: 'pop.example.com',
      port: 995,
      tls: 'implicit',
      user: 'someone@example.com',
      password: { from: 'command', command: ['pass', 'mail/example'] },
      deletion: { after: '1095d' },
      disabled: undefined,
      keys: {
        deliver: { type: 'maildir', path: '~/Mail/inbox' },
        limits: { messageSize: 20_000_000, messagesPerPoll: 200, bytesPerPoll: 50_000_000 },
      },
    });
  });

  test.each([
    ['', 'never'],
    ['[options]\ndelete = true\n', 'after-delivery'],
    ['[options]\nDelete: Yes\n', 'after-delivery'],
    ['[options]\ndelete_after = 30\n', { after: '30d' }],
    ['[options]\ndelete = perhaps\n', undefined],
    ['[options]\ndelete_after = 2*15\n', undefined],
  ])('%j says what happens on the server, or leaves it to be said', (options, deletion) => {
    expect(account(RETRIEVER + options).deletion).toEqual(deletion);
  });

  test('delivers to several places when all of them are known here, else to none', () => {
    const several = `${RETRIEVER}[destination]\ntype = MultiDestination\ndestinations = ('~/Mail/', '[box]',)\n[box]\ntype = Mboxrd\npath = ~/box\n`;
    expect(account(several).keys['deliver']).toEqual([
      { type: 'maildir', path: '~/Mail' },
      { type: 'mbox', path: '~/box' },
    ]);
    expect(account(several.replace('Mboxrd', 'MDA_lmtp')).keys).toEqual({});
  });

  test.each([
    ['', ['/usr/bin/lda']],
    [`arguments = ('-d', 'my folder')\n`, ['/usr/bin/lda', '-d', 'my folder']],
    [
      `arguments = ('-f', '%(sender)', '-a', "it's", 'x%(sender)')\n`,
      `/usr/bin/lda -f "$SENDER" -a 'it'\\''s' x"$SENDER"`,
    ],
    [`arguments = ('-d', '%(recipient)')\n`, undefined],
    ['arguments = (1 + 1,)\n', undefined],
  ])('gives mail to a program with %j, if that needs no recipient', (args, command) => {
    const text = `${RETRIEVER}[destination]\ntype = MDA_external\npath = /usr/bin/lda\n${args}`;
    const expected = command === undefined ? undefined : { type: 'mda', command };
    expect(account(text).keys['deliver']).toEqual(expected);
  });

  test.each([
    [
      'host = 10.0.0.1\nport = 2400\nfallback = me@x',
      { type: 'lmtp', host: '10.0.0.1', port: 2400, to: 'me@x' },
    ],
    [
      'host = /run/lmtp\nfallback = me@x\noverride = you@x',
      { type: 'lmtp', socket: '/run/lmtp', to: 'you@x' },
    ],
    ['host = 10.0.0.1', undefined],
  ])('gives mail over LMTP with %j, if that names who gets it', (keys, deliver) => {
    const text = `${RETRIEVER}[destination]\ntype = MDA_lmtp\n${keys}\n`;
    expect(account(text).keys['deliver']).toEqual(deliver);
  });

  test.each([
    [
      'envelope_recipient = delivered-to:2\n',
      'me@x.org',
      { header: 'delivered-to', position: 2, otherwise: 'me@x.org' },
    ],
    ['envelope_recipient = X-Envelope-To\n', 'me@x.org', { header: 'X-Envelope-To', otherwise: 'me@x.org' }],
    ['', 'me@x.org', 'me@x.org'],
    ['envelope_recipient = X-Envelope-To\n', 'me', 'me'],
  ])('of a multidrop mailbox with %j and the fallback %s gives it to %j', (envelope, fallback, to) => {
    const multidrop = RETRIEVER.replace('SimplePOP3SSL', 'MultidropPOP3SSL') + envelope;
    const { keys, remarks } = account(
      `${multidrop}[destination]\ntype = MDA_lmtp\nhost = /run/lmtp\nfallback = ${fallback}\n`,
    );
    expect(keys['deliver']).toEqual({ type: 'lmtp', socket: '/run/lmtp', to });
    expect(remarks.join()).toContain(typeof to === 'string' ? 'does not guess' : 'by "envelope_recipient"');
  });

  test('is not run as Python: a value that is no literal counts as none', () => {
    const text = `${RETRIEVER}password_command = __import__("os").system("id")\n`;
    expect(account(text).password).toEqual({ from: 'netrc', machines: ['pop.example.com'] });
  });

  test('of IMAP is not carried, and of BrokenUIDL is told that its memory cannot be used', () => {
    expect(account(RETRIEVER.replace('SimplePOP3SSL', 'SimpleIMAPSSL')).disabled).toContain('POP3 only');
    expect(account(RETRIEVER.replace('SimplePOP3SSL', 'BrokenUIDLPOP3SSL')).remarks.join()).toContain(
      'mailferry adopt',
    );
  });

  test('names each filter and each key that has no counterpart', () => {
    const { remarks } = account(
      `${RETRIEVER}frob = 1\nssl_version = x\n[filter-spam]\ntype = Filter_external\n[options]\nverbose = 2\n`,
    );
    for (const word of ['"frob"', 'ssl_version', '[filter-spam]', 'verbose'])
      expect(remarks.join()).toContain(word);
  });

  test('without a section, or with a line that is neither, is refused with its line', () => {
    expect(() => parseGetmailRc('server = x')).toThrow(/section/);
    expect(() => parseGetmailRc('[a]\nb = 1\nnonsense')).toThrow(PeerSyntaxError);
  });

  test('is read or refused, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom('[retriever]', 'type = SimplePOP3Retriever', ' more', '; x', 'a: b'),
            fc.string(),
          ),
        ),
        (lines) => {
          try {
            account(lines.join('\n'));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(PeerSyntaxError);
          }
        },
      ),
      propertyRuns(300),
    );
  });
});

describe('a literal of Python', () => {
  test.each([
    [`("pass", 'mail/x')`, ['pass', 'mail/x']],
    [`("aa" ,)`, ['aa']],
    [`('a' 'b', r'\\d', 3, (True, None,))`, ['ab', '\\d', 3, [true, null]]],
    [`"a", "b"`, ['a', 'b']],
    [`("one")`, 'one'],
    [`()`, []],
    [`['x']`, ['x']],
    [`'it\\'s'`, "it's"],
    [`("a#b", # one\n"c") # two`, ['a#b', 'c']],
    [`f("x")`, undefined],
    [`("x"`, undefined],
    [`"x" + "y"`, undefined],
    ['', undefined],
  ])('%s', (text, value) => {
    expect(readPythonLiteral(text)).toEqual(value);
  });

  test('comes back as it was written', () => {
    const text = fc.string().filter((it) => !/[\\\n\r]/.test(it));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (texts) => {
        const written = `(${texts.map((it) => `'${it.replaceAll("'", "\\'")}'`).join(', ')},)`;
        expect(readPythonLiteral(written)).toEqual(texts);
      }),
      propertyRuns(200),
    );
  });
});
