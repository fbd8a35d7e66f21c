import { argumentsOf, type Command } from './command.ts';
import { isOffered } from './offer.ts';
import type { CommandRule, SessionContext, State } from './state.ts';

/** Every command of this server, to tell a wrong moment from a wrong word. */
const KNOWN: ReadonlySet<string> = new Set(
  'USER PASS APOP AUTH STLS UTF8 LANG CAPA QUIT STAT LIST UIDL RETR TOP DELE NOOP RSET'.split(' '),
);

/** The rules of one state, by keyword. */
export type CommandRules = ReadonlyMap<string, CommandRule>;

/** Performs the command by its rule, or refuses it and stays in `state`; the session goes on (RFC 1939 §3). */
export async function performByRules(
  rules: CommandRules,
  command: Command,
  { context, state }: { readonly context: SessionContext; readonly state: State },
): Promise<State | undefined> {
  const { patience, hidden, profile } = context;
  const { keyword } = command;
  if (!KNOWN.has(keyword) || !isOffered(keyword, hidden))
    return patience.refuse(profile.texts.unknown, state);
  const rule = rules.get(keyword);
  if (rule === undefined) return patience.refuse(profile.texts.notNow.replace('%c', keyword), state);
  const args = argumentsOf(command);
  if (rule.takes !== undefined) {
    const [least, most] = rule.takes;
    if (args.length < least || args.length > most)
      return patience.refuse(`${keyword} has the wrong number of arguments.`, state);
  }
  return patience.during(() => rule.perform(command, args));
}
