/** Plain text for man(7): nothing in it is a request, an escape, a hyphen that may be changed, or an octet that groff does not know. */
export function roffText(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll(/^\./gm, '\\&.')
    .replaceAll(/[^\0-\x7f]/gu, (character) => `\\[u${codePoint(character)}]`);
}

function codePoint(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/**
 * What our own documents use of Markdown (headings, paragraphs, code blocks, lists, tables of keys, bold and code within
 * a line), for man(7).
 */
export function roffOfMarkdown(markdown: string): string {
  const out: string[] = [];
  const blocks = markdown.split(/(```[^]*?```)/);
  for (const block of blocks) {
    if (block.startsWith('```')) {
      const code = block.replace(/^```[^\n]*\n/, '').replace(/\n?```$/, '');
      out.push('.PP', '.in +4', '.nf', roffText(code), '.fi', '.in', '.PP');
    } else {
      for (const paragraph of block.split(/\n{2,}/)) out.push(...paragraphLines(paragraph.trim()));
    }
  }
  return out.filter((line) => line !== '').join('\n');
}

function paragraphLines(paragraph: string): readonly string[] {
  if (paragraph === '') return [];
  const [, heading] = /^#+ (.*)$/.exec(paragraph) ?? [];
  if (heading !== undefined) return [`.SS ${inline(heading)}`];
  const lines = paragraph.split('\n');
  if (lines.every((line) => line.startsWith('|'))) return lines.slice(2).flatMap(tableRow);
  if (/^(?:\d+\.|-) /.test(paragraph)) return listItems(lines);
  return ['.PP', inline(lines.join(' '))];
}

/** A row of a table of keys: the key, then the rest. */
function tableRow(row: string): readonly string[] {
  const cells = row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
  const [key = '', type = '', fallback = '', meaning = ''] = cells;
  const notes = [type, fallback === '' ? '' : `default ${fallback}`].filter((note) => note !== '').join('; ');
  return ['.TP', `${inline(key)} (${inline(notes)})`, inline(meaning)];
}

function listItems(lines: readonly string[]): readonly string[] {
  const items: string[] = [];
  for (const line of lines) {
    const [, mark, text] = /^(\d+\.|-) (.*)$/.exec(line) ?? [];
    if (text === undefined) items.push(inline(line.trim()));
    else items.push(`.IP "${mark === '-' ? '\\(bu' : (mark ?? '')}" 4`, inline(text));
  }
  return items;
}

/** Code and bold within a line. */
function inline(text: string): string {
  const plain = text.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1');
  return plain
    .split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/)
    .map((part) => {
      if (part.startsWith('`') && part.length > 2) return `\\fB${roffText(part.slice(1, -1))}\\fR`;
      if (part.startsWith('**') && part.length > 4) return `\\fB${roffText(part.slice(2, -2))}\\fR`;
      if (part.startsWith('*') && part.length > 2) return `\\fI${roffText(part.slice(1, -1))}\\fR`;
      return roffText(part);
    })
    .join('');
}
