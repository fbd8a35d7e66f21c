/** Mail for the scenarios that count every call: no two alike, lines of every awkward kind, one through the spool. */
export function fewMessages(count: number, first = 0): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const ordinal = first + index;
    const body =
      ordinal % 10 === 5
        ? 'From the spool\r\n.a line with a dot\r\n'.repeat(9000)
        : `From here\r\n>From there\r\n.\r\n..\r\nline\r\n`.repeat(1 + (ordinal % 7) * 3);
    return Buffer.from(`Message-ID: <${ordinal}@mail.example>\r\nSubject: ${ordinal}\r\n\r\n${body}`);
  });
}

/** Short messages, for the scenarios that go octet by octet. */
export function shortMessages(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(`Subject: ${index}\r\n\r\n${index % 3 === 0 ? '.' : ''}text ${'x'.repeat(index)}\r\n`),
  );
}

/** A message as a destination stores it: LF where it had CRLF. */
export function asStored(message: Uint8Array): string {
  return Buffer.from(message).toString('latin1').replaceAll('\r\n', '\n');
}
