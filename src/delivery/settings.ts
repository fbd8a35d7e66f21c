/**
 * How lines end in what is stored. `lf` is what programs on Unix expect of a Maildir or an mbox: CRLF becomes
 * LF. `as-received` stores every octet as it came (Maildir only).
 */
export type LineEndings = 'lf' | 'as-received';

export interface MaildirSettings {
  readonly type: 'maildir';
  /** Absolute path of the folder that holds `tmp`, `new` and `cur`. */
  readonly path: string;
  readonly lineEndings: LineEndings;
}

export interface MboxSettings {
  readonly type: 'mbox';
  /** Absolute path of the file. */
  readonly path: string;
}

/** Where mail goes, as plain data. */
export type DestinationSettings = MaildirSettings | MboxSettings;

/** Type and path of a destination by its name, as `destinationName` makes it; both are empty where it is none. */
export function partsOfName(name: string): { readonly type: string; readonly path: string } {
  const [, type = '', path = ''] = /^([^:]+):(.*)$/s.exec(name) ?? [];
  return { type, path };
}
