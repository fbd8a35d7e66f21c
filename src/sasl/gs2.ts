/** The beginning of a message in the GS2 family, of which SCRAM and OAUTHBEARER are (RFC 5801 §4). */
export interface Gs2Header {
  /** The header as it was sent, with its last comma. */
  readonly header: string;
  /** `n`: the client has no channel binding. `y`: it has, and believes that the server has not. */
  readonly channelBinding: 'n' | 'y';
  readonly identity: string | undefined;
  readonly rest: string;
}

/** Undefined where it is no such header, or asks for a channel binding (`p=`), which nothing here has. */
export function parseGs2Header(message: string): Gs2Header | undefined {
  const [header, channelBinding, name] = /^([ny]),(?:a=([^,]+))?,/.exec(message) ?? [];
  const identity = name === undefined ? undefined : unescapeName(name);
  if (header === undefined || (name !== undefined && identity === undefined)) return undefined;
  return {
    header,
    channelBinding: channelBinding === 'y' ? 'y' : 'n',
    identity,
    rest: message.slice(header.length),
  };
}

/** A name between commas (RFC 5802 §5.1). */
export function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

/** The name again; undefined where a `=` stands for neither a comma nor itself. */
export function unescapeName(name: string): string | undefined {
  if (/=(?!2C|3D)/.test(name)) return undefined;
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
