import { argumentsOf, COMMANDS, type Command } from './command.ts';
import { isOffered } from './offer.ts';
import type { CommandRule, SessionContext, State } from './state.ts';

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
  // A wrong moment is told from a wrong word.
  if (!COMMANDS.has(keyword) || !isOffered(keyword, hidden))
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
