import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** What the server answers to each command that begins so; an empty text closes the line. */
export type Answers = Readonly<Record<string, string>>;

const FINE: Answers = {
  greeting: '220 mail.example ready',
  LHLO: '250-mail.example\r\n250-8BITMIME\r\n250 SIZE',
  EHLO: '250-mail.example\r\n250-8BITMIME\r\n250 SIZE',
  MAIL: '250 ok',
  RCPT: '250 ok',
  DATA: '354 go on',
  '.': '250 2.0.0 kept as 1234',
  QUIT: '221 bye',
};

/**
 * A mail server that answers as it is told, to a whole line or to its command, and keeps what it was sent. `perRecipient`: a message is
 * answered for each recipient, as `.RCPT TO:<…>` says.
 */
export async function mailServer(
  listen: { readonly path: string } | { readonly port: 0; readonly host: string },
  answers: Answers = {},
  { perRecipient = false }: { readonly perRecipient?: boolean } = {},
): Promise<{ heard: string[]; port: number; open: () => number } & AsyncDisposable> {
  const heard: string[] = [];
  const lines = new Set<Socket>();
  const server = createServer((socket) => {
    lines.add(socket);
    const say = (what: string): void => {
      const answer = answers[what] ?? FINE[what] ?? '500 what?';
      if (answer === '') socket.destroy();
      else if (answer !== 'nothing') socket.write(`${answer}\r\n`);
    };
    let text = '';
    let isData = false;
    const takers: string[] = [];
    socket
      .on('error', () => undefined)
      .on('close', () => lines.delete(socket))
      .on('data', (block: Buffer) => {
        text += block.toString('latin1');
        for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
          const line = text.slice(0, end);
          text = text.slice(end + 2);
          heard.push(line);
          if (isData && line !== '.') continue;
          isData = line.startsWith('DATA') && !/^[45]/.test(answers['DATA'] ?? '');
          const command = line === '.' ? '.' : (/^[A-Z]+/.exec(line)?.[0] ?? line);
          if (command === 'MAIL') takers.length = 0;
          const whole = answers[line] ?? FINE[command] ?? '';
          if (command === 'RCPT' && (answers[line] ?? answers['RCPT'] ?? whole).startsWith('2'))
            takers.push(line);
          if (command === '.' && perRecipient)
            for (const one of takers) say(answers[`.${one}`] === undefined ? '.' : `.${one}`);
          else say(answers[line] === undefined ? command : line);
        }
      });
    say('greeting');
  }).listen(listen);
  await once(server, 'listening');
  const address = server.address();
  return {
    heard,
    open: () => lines.size,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      for (const line of lines) line.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
