import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Destination } from '../../../src/delivery/destination.ts';
import type { DestinationSurroundings } from '../../../src/delivery/open-destination.ts';
import type { ImapSettings } from '../../../src/delivery/settings.ts';
import { Secret } from '../../../src/secret.ts';
import type { TemporaryFolder } from '../../support/temporary-folder.ts';
import { openTaker } from './deliver.ts';

/** What the server answers to each command, without its tag; an empty text closes the line, `nothing` is silence. */
export type Answers = Readonly<Record<string, string | readonly string[]>>;

const FINE: Answers = {
  greeting: '* OK ready',
  CAPABILITY: '* CAPABILITY IMAP4rev1 UIDPLUS\r\nOK done',
  LOGIN: 'OK in',
  APPEND: 'OK [APPENDUID 7 12] done',
  CREATE: 'OK done',
  SUBSCRIBE: 'OK done',
  LIST: ['* LIST (\\Noselect) "/" ""\r\nOK done', '* LIST () "/" INBOX\r\nOK done'],
  EXAMINE: '* 1 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\nOK [READ-ONLY] done',
  CLOSE: 'OK done',
  LOGOUT: '* BYE bye\r\nOK done',
};

export interface FakeServer extends AsyncDisposable {
  /** The commands without their tags, and the messages. */
  readonly heard: string[];
  readonly port: number;
  /** How many lines to it are open. */
  readonly lines: () => number;
  /** Says something that nobody has asked for. */
  readonly say: (text: string) => void;
}

/** An IMAP server that answers as it is told: to a command that comes again with the next answer of its list. */
export async function imapServer(answers: Answers = {}): Promise<FakeServer> {
  const heard: string[] = [];
  const lines = new Set<Socket>();
  const counts = new Map<string, number>();
  const answerTo = (command: string): string => {
    const all = [answers[command] ?? FINE[command] ?? 'BAD what?'].flat();
    const count = counts.get(command) ?? 0;
    counts.set(command, count + 1);
    return all[Math.min(count, all.length - 1)] ?? '';
  };
  const server = createServer((socket) => {
    lines.add(socket);
    const say = (answer: string, tag: string): void => {
      if (answer === '') socket.destroy();
      else if (answer !== 'nothing')
        socket.write(`${answer.replaceAll(/^(?=(?:OK|NO|BAD)\b)/gm, `${tag} `)}\r\n`, 'latin1');
    };
    let [text, wanted, command, tag] = ['', 0, '', ''];
    const take = (): boolean => {
      if (wanted > 0) {
        if (text.length < wanted) return false;
        heard.push(text.slice(0, wanted));
        text = text.slice(wanted);
        wanted = 0;
        return true;
      }
      const end = text.indexOf('\r\n');
      if (end < 0) return false;
      const line = text.slice(0, end);
      text = text.slice(end + 2);
      if (line !== '') {
        [, tag = '', command = ''] = /^(\S+) (\S+)/.exec(line) ?? [];
        heard.push(line.slice(tag.length + 1));
      }
      const literal = /\{(\d+)(\+?)\}$/.exec(line);
      wanted = Number(literal?.[1] ?? 0);
      if (literal !== null && literal[2] === '') socket.write('+ go on\r\n');
      if (literal === null) say(answerTo(command), tag);
      return true;
    };
    socket
      .on('error', () => undefined)
      .on('close', () => lines.delete(socket))
      .on('data', (block: Buffer) => {
        text += block.toString('latin1');
        while (take());
      });
    say(answerTo('greeting'), '');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    heard,
    lines: () => lines.size,
    say: (text) => {
      for (const line of lines) line.write(text);
    },
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const line of lines) line.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A mailbox there. */
export function imapSettings({ port }: FakeServer, changes: Partial<ImapSettings> = {}): ImapSettings {
  return {
    type: 'imap',
    host: '127.0.0.1',
    port,
    tls: 'none',
    user: 'me',
    password: () => Promise.resolve(new Secret('secret')),
    passwordFrom: 'text',
    auth: 'password',
    mailbox: 'INBOX',
    compare: true,
    timeoutMs: 30_000,
    ...changes,
  };
}

/** The same, as a destination. */
export function openMailbox(
  folder: TemporaryFolder,
  server: FakeServer,
  changes: Partial<ImapSettings> = {},
  around: Partial<DestinationSurroundings> = {},
): Promise<Destination> {
  return openTaker(folder, imapSettings(server, changes), around);
}
