import { createHash } from 'node:crypto';
import { START_OCTETS } from '../../message/message-start.ts';
import { withoutReadersFields } from '../../message/readers-fields.ts';

/** Size and hexadecimal SHA-256 of a stored message. */
export interface Content {
  readonly octets: number;
  readonly sha256: string;
}

/**
 * The beginning of a stored message, each octet as one character, without the fields that mail programs write into its header.
 * Undefined where it has none, or where its header does not end in it; `isWhole` says that nothing comes after it.
 */
export function withoutFields(start: string, isWhole: boolean): string | undefined {
  const found = start.startsWith('\n') ? 0 : start.indexOf('\n\n') + 1;
  const end = found === 0 && isWhole && !start.startsWith('\n') ? start.length : found;
  if (end > START_OCTETS) return undefined;
  const header = start.slice(0, end);
  const rest = withoutReadersFields(header);
  return rest.length === header.length ? undefined : rest + start.slice(end);
}

/** A stored message without these fields, given in blocks; undefined where it has none: then only its header was read. */
export async function unmarkedContent(blocks: AsyncIterable<Buffer>): Promise<Content | undefined> {
  const hash = createHash('sha256');
  let octets = 0;
  let start: string | undefined = '';
  const add = (text: string): void => {
    hash.update(text, 'latin1');
    octets += text.length;
  };
  for await (const block of blocks) {
    if (start === undefined) {
      hash.update(block);
      octets += block.length;
      continue;
    }
    start += block.toString('latin1');
    if (!hasHeader(start) && start.length <= START_OCTETS) continue;
    const rest = withoutFields(start, false);
    if (rest === undefined) return undefined;
    add(rest);
    start = undefined;
  }
  if (start !== undefined) {
    const rest = withoutFields(start, true);
    if (rest === undefined) return undefined;
    add(rest);
  }
  return { octets, sha256: hash.digest('hex') };
}

function hasHeader(start: string): boolean {
  return start.startsWith('\n') || start.includes('\n\n');
}
