import type { PeerLine } from '../../support/raw-peer.ts';

/** A maildrop whose listings say what they like. */
export interface ScriptedMaildrop {
  /** The messages by number, each with the CRLF of its last line. */
  readonly messages: Map<number, string>;
  /** The rows of LIST and UIDL; default: the truth. */
  readonly scanRows?: readonly string[] | undefined;
  readonly uniqueIdRows?: readonly string[] | undefined;
  /** What STAT says; default: the truth. */
  readonly drop?: string | undefined;
}

/** What is sent in place of a reply; undefined: nothing any more, and the connection is closed. */
export type Altered = (honest: string, keyword: string, number: number) => Promise<string | undefined>;

/**
 * A session with a POP3 server that knows just enough commands, without CAPA, for listings that the included server
 * would never give. Deletions are real after QUIT.
 */
export async function serve(
  line: PeerLine,
  maildrop: ScriptedMaildrop,
  altered: Altered = (honest) => Promise.resolve(honest),
): Promise<void> {
  const marked = new Set<number>();
  await line.send('+OK ready\r\n');
  for (let command = await line.line(); command !== undefined; command = await line.line()) {
    const [keyword = '', argument = ''] = command.split(' ');
    const number = Number(argument);
    if (keyword === 'DELE' && maildrop.messages.has(number)) marked.add(number);
    const sent = await altered(reply(keyword, number, maildrop), keyword, number);
    if (sent === undefined) return;
    await line.send(sent);
    if (keyword === 'QUIT') {
      for (const gone of marked) maildrop.messages.delete(gone);
      return;
    }
  }
}

function reply(keyword: string, number: number, maildrop: ScriptedMaildrop): string {
  const { messages } = maildrop;
  const truth = (told: (number: number, text: string) => string): string[] =>
    [...messages].map(([each, text]) => `${each} ${told(each, text)}`);
  switch (keyword) {
    case 'STAT':
      return `+OK ${maildrop.drop ?? `${messages.size} ${[...messages.values()].join('').length}`}\r\n`;
    case 'LIST':
      return listing(maildrop.scanRows ?? truth((_, text) => String(text.length)));
    case 'UIDL':
      return listing(maildrop.uniqueIdRows ?? truth((each) => `uid-${each}`));
    case 'RETR': {
      const text = messages.get(number);
      if (text === undefined) return '-ERR No such message.\r\n';
      return `+OK\r\n${text.replaceAll(/^\./gm, '..')}.\r\n`;
    }
    case 'DELE':
      return messages.has(number) ? '+OK\r\n' : '-ERR No such message.\r\n';
    case 'USER':
    case 'PASS':
    case 'NOOP':
    case 'QUIT':
      return '+OK\r\n';
    default:
      return '-ERR Unknown command.\r\n';
  }
}

function listing(rows: readonly string[]): string {
  return `+OK\r\n${rows.map((row) => `${row}\r\n`).join('')}.\r\n`;
}
