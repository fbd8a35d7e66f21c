import { isDeepStrictEqual } from 'node:util';
import { readDocument } from './document.ts';
import { type AccountText, renderAccount } from './render.ts';

/**
 * The text of a configuration with one more account, behind the last one; all that stands there stays octet by octet. Undefined where
 * the result would not surely mean the same as before and the new account: JSON, accounts in braces, accounts that are written elsewhere.
 */
export function withAccount(text: string, account: AccountText): string | undefined {
  const before = accountsOf(text);
  const [added] = Object.values(accountsOf(`accounts:\n${renderAccount(account)}\n`)?.accounts ?? {});
  const names = Object.keys(before?.accounts ?? {});
  if (before === undefined || added === undefined || names.length === 0) return undefined;
  // The second stands for octets that are no UTF-8, and that are lost by now.
  if (/[\r\uFFFD]/.test(text)) return undefined;
  const lines = text.split('\n');
  const { line: last, column } = before.placeOf(names.at(-1) ?? '');
  const indent = ' '.repeat(column - 1);
  const end = endOfAccount(lines, last, indent.length);
  const block = renderAccount(account).replaceAll(/^ {2}/gm, indent).split('\n');
  // Whoever sets accounts apart by blank lines wants this one set apart as well.
  const gap = names.length === 1 || lines[last - 2]?.trim() === '' ? [''] : [];
  const after = [
    ...lines.slice(0, end),
    ...gap,
    ...block,
    ...(end === lines.length ? [''] : lines.slice(end)),
  ].join('\n');
  const wanted = { ...before.value, accounts: { ...before.accounts, [account.name]: added } };
  return isDeepStrictEqual(accountsOf(after)?.value, wanted) ? after : undefined;
}

interface Accounts {
  readonly value: object;
  readonly accounts: Readonly<Record<string, unknown>>;
  /** Of the name of an account, both from 1. */
  placeOf(name: string): { readonly line: number; readonly column: number };
}

function accountsOf(text: string): Accounts | undefined {
  const document = readDocument(text, () => undefined);
  const value = document?.value;
  if (document === undefined || typeof value !== 'object' || value === null || !('accounts' in value))
    return undefined;
  const { accounts } = value;
  if (typeof accounts !== 'object' || accounts === null) return undefined;
  return {
    value,
    accounts: { ...accounts },
    placeOf: (name) => document.keyAt(['accounts', name]),
  };
}

/** Behind the last line, from 1, of an account that begins in line `first`: what follows is indented no further, but for comments. */
function endOfAccount(lines: readonly string[], first: number, indent: number): number {
  let end = first;
  for (let next = first; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (line.trim() === '') continue;
    if (line.search(/\S/) <= indent) break;
    end = next + 1;
  }
  return end;
}
