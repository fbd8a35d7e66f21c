/** One key of a configuration that is to be written. */
export interface KeyText {
  readonly key: string;
  /** Undefined: it is the reader's to fill in, and stands there as a comment. */
  readonly value: unknown;
  /** What stands behind it as a comment, in one line. */
  readonly note?: string | undefined;
}

export interface AccountText {
  readonly name: string;
  /** Sentences above the keys. */
  readonly comments: readonly string[];
  readonly keys: readonly KeyText[];
  /** Why the whole account stands there as a comment only, if it does. */
  readonly disabled?: string | undefined;
}

export interface ConfigurationText {
  /** Paragraphs at the top. */
  readonly comments: readonly string[];
  /** Keys at the top of the file. */
  readonly keys: readonly KeyText[];
  readonly accounts: readonly AccountText[];
}

/** A configuration as YAML with comments, as a person would write it. */
export function renderConfiguration({ comments, keys, accounts }: ConfigurationText): string {
  const blocks = [
    comments.flatMap((text) => commented(text, '')).join('\n'),
    keys.map((key) => keyLine(key, '')).join('\n'),
    ['accounts:', ...accounts.map(renderAccount)].join('\n\n').replace('\n\n', '\n'),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** One account of it, as it stands below `accounts:`. */
export function renderAccount({ name, comments, keys, disabled }: AccountText): string {
  const lines = [
    `  ${yamlValue(name)}:`,
    ...comments.flatMap((text) => commented(text, '    ')),
    ...keys.map((key) => keyLine(key, '    ')),
  ];
  if (disabled === undefined) return lines.join('\n');
  return [...commented(disabled, '  '), ...lines.map((line) => `  # ${line.slice(2)}`)].join('\n');
}

function keyLine({ key, value, note }: KeyText, indent: string): string {
  const line = value === undefined ? `# ${key}:` : `${key}: ${yamlValue(value)}`;
  const comment =
    note === undefined ? '' : value === undefined ? ` ${oneLine(note)}` : `   # ${oneLine(note)}`;
  return `${indent}${line}${comment}`;
}

const COLUMNS = 100;

/** A sentence as comment lines of at most that many columns. */
function commented(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of oneLine(text).split(' ')) {
    if (line.length + 1 + word.length > COLUMNS && line.length > indent.length + 1) {
      lines.push(line);
      line = `${indent}#  `;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** Control characters would end the comment. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

/** What YAML takes for this very text without quotes. */
const PLAIN =
  /^(?:(?:[A-Za-z]|[~.]?\/)[A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*|[1-9]\d*(?:ms|[smhd]|[KMGT]i?B))$/;
const NOT_TEXT = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A value as YAML in one line, such as `{ type: maildir, path: ~/Mail }`. */
export function yamlValue(value: unknown): string {
  if (typeof value === 'string')
    return PLAIN.test(value) && !NOT_TEXT.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(yamlValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{ ${pairs.map(([key, inner]) => `${yamlValue(key)}: ${yamlValue(inner)}`).join(', ')} }`;
}
