import { PeerSyntaxError } from './peer.ts';

/** The sections of a getmailrc by name, each with its keys in lower case. */
export type GetmailRc = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Reads a getmailrc as Python's RawConfigParser does: a line that is indented deeper than its key goes on with the
 * value. What stands in `[DEFAULT]` counts in `[options]` alone: so getmail has it. Raises `PeerSyntaxError`.
 */
export function parseGetmailRc(text: string): GetmailRc {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  let indent = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    const deep = line.search(/\S/);
    if (deep > indent && section !== undefined && key !== undefined) {
      section.set(key, `${section.get(key) ?? ''}\n${trimmed}`);
      continue;
    }
    indent = deep;
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
  const options = sections.get('options');
  if (options !== undefined) {
    sections.set('options', new Map([...(sections.get('DEFAULT') ?? []), ...options]));
  }
  sections.delete('DEFAULT');
  return sections;
}
