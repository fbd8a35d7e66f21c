import { MailParser } from 'mailparser';

/** What people recognise a message by, decoded (RFC 2047, 2231, 6532). Empty where the message has none. */
export interface MessageSummary {
  readonly from: string;
  readonly subject: string;
  readonly date: Date | undefined;
}

/**
 * Reads the header of a message for people to look at. It never raises and never stands between the wire and
 * the disk (I4): what cannot be parsed is shown as empty. `start` holds the header, with or without body.
 */
export async function summarize(start: Buffer): Promise<MessageSummary> {
  const headers = await parseHeaders(start);
  const date = headers.get('date');
  const subject = headers.get('subject');
  return {
    from: addressText(headers.get('from')),
    subject: typeof subject === 'string' ? subject : '',
    // mailparser answers the present time for a date that it cannot read.
    date: date instanceof Date && Math.abs(date.getTime() - new Date().getTime()) > 1000 ? date : undefined,
  };
}

function parseHeaders(start: Buffer): Promise<ReadonlyMap<string, unknown>> {
  return new Promise((resolve) => {
    const parser = new MailParser({ skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
    const settle = (headers: ReadonlyMap<string, unknown>): void => {
      parser.removeAllListeners();
      parser.on('error', () => undefined);
      parser.destroy();
      resolve(headers);
    };
    parser.once('headers', settle);
    parser.once('error', () => settle(new Map()));
    parser.once('end', () => settle(new Map()));
    parser.end(start);
  });
}

function addressText(field: unknown): string {
  if (typeof field !== 'object' || field === null || !('text' in field)) return '';
  return String(field.text);
}
