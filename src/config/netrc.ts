/** One entry of a netrc file; that of `default` has no machine. */
interface NetrcEntry {
  readonly machine: string | undefined;
  readonly login: string | undefined;
  readonly password: string | undefined;
}

/**
 * The password that a netrc file has for a login on a machine: the first entry of that machine that names this login
 * or none, else `default`. Texts may be in quotes; macros and comments are passed over. Undefined when it has none.
 */
export function netrcPassword(
  text: string,
  { machine, login }: { readonly machine: string; readonly login: string },
): string | undefined {
  const fits = (entry: NetrcEntry): boolean => entry.login === undefined || entry.login === login;
  const entries = parseNetrc(text).filter((entry) => entry.password !== undefined && fits(entry));
  const named = entries.find((entry) => entry.machine?.toLowerCase() === machine.toLowerCase());
  return (named ?? entries.find((entry) => entry.machine === undefined))?.password;
}

/** The login that Python finds for a machine: that of its last entry, else of `default`; undefined when none is named. */
export function netrcLogin(text: string, machine: string): string | undefined {
  const entries = parseNetrc(text);
  const last = (name: string | undefined): NetrcEntry | undefined =>
    entries.findLast((entry) => entry.machine === name);
  return (last(machine) ?? last(undefined))?.login;
}

const TOKEN = /"((?:[^"\\]|\\[^])*)"|#[^\n]*|(\S+)/g;

function parseNetrc(text: string): readonly NetrcEntry[] {
  const entries: { machine?: string; login?: string; password?: string }[] = [];
  // A macro reaches up to an empty line.
  const words = [...text.replaceAll(/^\s*macdef\s[^]*?(?:\n\s*\n|$(?![^]))/gm, '\n').matchAll(TOKEN)].flatMap(
    ([whole, quoted, word]) => {
      if (quoted !== undefined) return [quoted.replaceAll(/\\([^])/g, '$1')];
      return word === undefined || whole.startsWith('#') ? [] : [word];
    },
  );
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    const value = words[at + 1] ?? '';
    if (word === 'default') {
      entries.push({});
    } else if (word === 'machine') {
      entries.push({ machine: value });
      at += 1;
    } else if (word === 'login' || word === 'user' || word === 'password' || word === 'account') {
      const entry = entries.at(-1);
      if (entry !== undefined && word !== 'account') entry[word === 'user' ? 'login' : word] = value;
      at += 1;
    }
  }
  return entries.map(({ machine, login, password }) => ({ machine, login, password }));
}
