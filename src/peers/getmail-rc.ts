import { PeerSyntaxError } from './peer.ts';

/** The sections of a getmailrc by name, each with its keys in lower case. */
export type GetmailRc = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Reads a getmailrc as Python's RawConfigParser does. Raises `PeerSyntaxError`. */
export function parseGetmailRc(text: string): GetmailRc {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    if (/^\s/.test(line) && section !== undefined && key !== undefined) {
      section.set(key, `${section.get(key) ?? ''}\n${trimmed}`);
      continue;
    }
    const [, name] = /^\[([^\]]+)\]/.exec(trimmed) ?? [];
    if (name !== undefined) {
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      key = undefined;
      continue;
    }
    const [, written, value] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(trimmed) ?? [];
    if (written === undefined || section === undefined) {
      throw new PeerSyntaxError(
        index + 1,
        section === undefined ? 'a section such as [retriever] must come first' : 'this is no "key = value"',
      );
    }
    key = written.toLowerCase();
    section.set(key, value ?? '');
  }
  const defaults = sections.get('DEFAULT') ?? new Map<string, string>();
  return new Map([...sections].map(([name, keys]) => [name, new Map([...defaults, ...keys])]));
}
