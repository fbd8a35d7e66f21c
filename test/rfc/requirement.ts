/** What an RFC asks of a client or a server, in words of our own. */
export interface Requirement {
  /** With the number of the RFC it is what tests cite: `// RFC 1939 §5 [dele-twice]`. */
  readonly name: string;
  readonly section: string;
  readonly side: 'client' | 'server';
  /** As the RFC says it; in small letters where it demands without a key word. */
  readonly strength: string;
  readonly text: string;
  /** The file under `src` that does it, and cites the section. */
  readonly code: string | undefined;
  /** Why it is done in part only, or not at all. */
  readonly partly: string | undefined;
  readonly no: string | undefined;
}

export interface Rfc {
  readonly number: number;
  readonly title: string;
  readonly requirements: readonly Requirement[];
}

/** Name, section, strength, text, then the file that does it, or why it is not done. */
export type Row = readonly [
  name: string,
  section: string,
  strength: string,
  text: string,
  done: string | { readonly no: string } | { readonly partly: string; readonly code: string },
];

/** Builds the requirements of an RFC from its rows; both sides have names of their own. */
export function rfc(
  number: number,
  title: string,
  rows: { readonly server?: readonly Row[]; readonly client?: readonly Row[] },
): Rfc {
  const { server = [], client = [] } = rows;
  const requirements = [
    ...server.map((row) => requirement('server', row)),
    ...client.map((row) => requirement('client', row)),
  ];
  return { number, title, requirements };
}

function requirement(side: Requirement['side'], row: Row): Requirement {
  const [name, section, strength, text, done] = row;
  const how = typeof done === 'string' ? { code: done } : done;
  const { code, no, partly } = { code: undefined, no: undefined, partly: undefined, ...how };
  return { name, section, side, strength, text, code, partly, no };
}
