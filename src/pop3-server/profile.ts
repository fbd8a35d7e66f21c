import { MailError } from '../errors.ts';
import { MECHANISMS } from '../sasl/mechanisms.ts';
import { printable } from '../wire/text.ts';
import { COMMANDS } from './command.ts';
import { quoted } from './field.ts';
import type { ServerOptions, Utf8Mode } from './options.ts';
import { PERSONALITIES } from './personalities/index.ts';
import { MAILFERRY, type Personality } from './personality.ts';

/** A personality, with what the options say otherwise. */
export interface Profile extends Personality {
  /** Commands and capabilities that the server does not have, in upper case. */
  readonly hidden: readonly string[];
  readonly loginDelaySeconds: number;
  readonly utf8: Utf8Mode;
}

/** Commands and codes that are there only where CAPA says so. */
const ONLY_WHERE_ANNOUNCED: readonly string[] = ['UTF8', 'LANG', 'RESP-CODES', 'AUTH-RESP-CODE'];

/** Raises `config` where `without` names what there is not; the other options have been checked. */
export function openProfile(options: ServerOptions): Profile {
  const { implementation, loginDelay = 0, expire, utf8 = 'lenient', without = [] } = options;
  const personality = personalityOf(options.personality);
  const unwanted = without.map((name) => name.toUpperCase());
  checkNames(unwanted, personality);
  const own = (lines: readonly string[]): readonly string[] => {
    let all = lines;
    if (loginDelay > 0) all = withLine(all, `LOGIN-DELAY ${loginDelay}`);
    // RFC 2449 §6.7
    if (expire !== undefined) all = withLine(all, `EXPIRE ${expire === 'never' ? 'NEVER' : expire}`);
    if (implementation !== undefined) all = withLine(all, `IMPLEMENTATION ${implementation}`);
    return all;
  };
  const { capabilities, apop } = personality;
  const announced = new Set(capabilities?.before.map(tagOf));
  const hidden = [
    ...unwanted,
    ...personality.without,
    ...(capabilities === undefined ? ['CAPA'] : []),
    ...(apop ? [] : ['APOP']),
    ...(utf8 === 'off' ? ['UTF8'] : []),
    ...ONLY_WHERE_ANNOUNCED.filter((name) => !announced.has(name)),
  ];
  return {
    ...personality,
    capabilities: capabilities && { before: own(capabilities.before), after: own(capabilities.after) },
    hidden,
    loginDelaySeconds: loginDelay,
    utf8,
  };
}

function personalityOf(given: ServerOptions['personality']): Personality {
  if (given === undefined) return MAILFERRY;
  return typeof given === 'string' ? PERSONALITIES[given] : given;
}

/** The lines with this one in place of what they say by its tag. */
function withLine(lines: readonly string[], line: string): readonly string[] {
  const tag = tagOf(line);
  return [...lines.filter((other) => tagOf(other) !== tag), line];
}

function tagOf(line: string): string {
  return line.split(' ', 1)[0] ?? '';
}

/** What `without` may name: commands, mechanisms, and what this server or one that it can play announces. */
function checkNames(names: readonly string[], own: Personality): void {
  const lines = [MAILFERRY, own, ...Object.values(PERSONALITIES)].flatMap(({ capabilities }) =>
    capabilities === undefined ? [] : [...capabilities.before, ...capabilities.after],
  );
  const known = new Set([
    ...COMMANDS,
    ...Object.keys(MECHANISMS),
    ...lines.map(tagOf),
    'LOGIN-DELAY',
    'EXPIRE',
  ]);
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new MailError('config', `"without" names ${quoted([printable(unknown, 40)])}, which there is not.`, {
    hint: `It may name ${quoted([...known])}.`,
  });
}
