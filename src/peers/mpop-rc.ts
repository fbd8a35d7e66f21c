import { PeerSyntaxError } from './peer.ts';

/** One account of an mpoprc, with what it inherited. */
export interface MpopAccount {
  readonly name: string;
  /** By command; a command without an argument holds an empty text. */
  readonly commands: ReadonlyMap<string, string>;
}

/** A whole mpoprc. */
export interface MpopRc {
  readonly accounts: readonly MpopAccount[];
  /** Lines with `eval`, whose commands are not run. */
  readonly evals: readonly string[];
}

type Commands = ReadonlyMap<string, string>;

/**
 * Reads an mpoprc. An account has the `defaults` that stand above it, and from its parents what they have of their
 * own or from theirs, but not what the `defaults` above them gave them: so mpop has it. An account that only gives
 * another one a second name is left out. Raises `PeerSyntaxError`.
 */
export function parseMpopRc(text: string): MpopRc {
  const accounts = new Map<string, { readonly defaults: Commands; readonly own: Map<string, string> }>();
  const aliases = new Map<string, { readonly parents: readonly string[]; own: number }>();
  const evals: string[] = [];
  let defaults: Map<string, string> = new Map();
  let current: Map<string, string> | undefined;
  let alias: { own: number } | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const [, command = '', rest = ''] = /^(\S+)\s*([^]*)$/.exec(trimmed) ?? [];
    const argument = unquoted(rest);
    if (command === 'defaults') {
      defaults = new Map(defaults);
      current = defaults;
      alias = undefined;
    } else if (command === 'account') {
      const { name, parents } = accountLine(argument, index + 1);
      if (accounts.has(name)) throw new PeerSyntaxError(index + 1, `account "${name}" is defined already`);
      current = new Map();
      for (const parent of parents) {
        const inherited = accounts.get(parent);
        if (inherited === undefined)
          throw new PeerSyntaxError(index + 1, `there is no account "${parent}" above`);
        current = new Map([...current, ...inherited.own]);
      }
      accounts.set(name, { defaults, own: current });
      const entry = { parents, own: 0 };
      aliases.set(name, entry);
      alias = entry;
    } else if (command === 'eval') {
      evals.push(argument);
    } else {
      if (current === undefined)
        throw new PeerSyntaxError(index + 1, 'defaults or account must come before this');
      current.set(command, argument);
      if (alias !== undefined) alias.own += 1;
    }
  }
  const real = [...accounts].filter(([name]) => {
    const entry = aliases.get(name);
    return !(entry !== undefined && entry.own === 0 && entry.parents.length === 1);
  });
  return {
    accounts: real.map(([name, { defaults: given, own }]) => ({
      name,
      commands: new Map([...given, ...own]),
    })),
    evals,
  };
}

function accountLine(argument: string, line: number): { name: string; parents: readonly string[] } {
  const [name = '', list = ''] = argument.split(/\s*:\s*/, 2);
  if (name === '') throw new PeerSyntaxError(line, 'the account has no name');
  const parents = list.split(',').map((parent) => parent.trim());
  return { name, parents: parents.filter((parent) => parent !== '') };
}

/** Quotes around the whole argument are taken away; nothing inside them has a meaning. */
function unquoted(argument: string): string {
  const text = argument.trim();
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
