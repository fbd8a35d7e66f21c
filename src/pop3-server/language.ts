import { linesAsBlocks } from './replies.ts';
import type { SessionContext, State } from './state.ts';

/** The languages of the texts of this server (RFC 6856 §3): one, and the default, which is the same. */
const LANGUAGES: readonly (readonly [string, string])[] = [
  ['en', 'English'],
  ['i-default', 'English, the default'],
];

/** LANG in both states: lists the languages, or takes one of them; `*` is whatever the server likes best. */
export async function changeLanguage(
  wanted: string | undefined,
  { replies, patience }: SessionContext,
  state: State,
): Promise<State | undefined> {
  if (wanted === undefined) {
    const lines = LANGUAGES.map((language) => language.join(' '));
    await replies.multiline('Languages follow.', linesAsBlocks(lines));
    return state;
  }
  const tag = wanted === '*' ? 'en' : wanted.toLowerCase();
  const found = LANGUAGES.find(([name]) => name === tag);
  if (found === undefined) return patience.refuse('There is no such language here.', state);
  await replies.ok(found.join(' '));
  return state;
}
