import { answering, type RawPeer, rawPeer } from '../../support/raw-peer.ts';

/** A server that has LOGIN-DELAY and PIPELINING, and lists sizes that are too small, unless it is told otherwise. */
export function patientServer(
  messages: readonly string[],
  listedAs: (text: string) => number = (text) => text.length - 1,
): Promise<RawPeer> {
  let maildrop = messages.map((text, index) => ({ text, uid: `u${index}` }));
  const deleted = new Set<string>();
  const rows = (told: (message: { text: string; uid: string }) => string): string =>
    `+OK\r\n${maildrop.map((message, index) => `${index + 1} ${told(message)}\r\n`).join('')}.\r\n`;
  return rawPeer(
    answering((command) => {
      const [keyword = '', argument = ''] = command.split(' ');
      if (keyword === 'QUIT') return undefined;
      if (keyword === 'PASS') maildrop = maildrop.filter(({ uid }) => !deleted.has(uid));
      if (keyword === 'DELE') deleted.add(maildrop[Number(argument) - 1]?.uid ?? '');
      if (keyword === 'CAPA') return '+OK\r\nUIDL\r\nTOP\r\nUSER\r\nPIPELINING\r\nLOGIN-DELAY 60\r\n.\r\n';
      if (keyword === 'STAT') return `+OK ${maildrop.length} 500\r\n`;
      if (keyword === 'LIST') return rows(({ text }) => String(listedAs(text)));
      if (keyword === 'UIDL') return rows(({ uid }) => uid);
      if (keyword === 'TOP')
        return `+OK\r\n${maildrop[Number.parseInt(argument, 10) - 1]?.text.split('\r\n\r\n')[0]}\r\n\r\n.\r\n`;
      if (keyword === 'RETR') return `+OK\r\n${maildrop[Number(argument) - 1]?.text}.\r\n`;
      return '+OK\r\n';
    }),
  );
}
