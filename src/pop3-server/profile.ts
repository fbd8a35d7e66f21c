import { MailError } from '../errors.ts';
import type { ServerOptions, Utf8Mode } from './options.ts';
import { isPersonalityName, PERSONALITIES } from './personalities/index.ts';
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

/** Raises `config` for an option that makes no sense. */
export function openProfile(options: ServerOptions): Profile {
  const { implementation, loginDelay = 0, expire, utf8 = 'lenient', without = [] } = options;
  const personality = personalityOf(options.personality);
  wholeOrRaise('loginDelay', loginDelay);
  if (expire !== undefined && expire !== 'never') wholeOrRaise('expire', expire);
  if (
    implementation !== undefined &&
    !/^[\x21-\x7e](?:[\x20-\x7e]{0,200}[\x21-\x7e])?$/.test(implementation)
  ) {
    throw wrong('implementation', 'one line of printable ASCII, up to 200 characters');
  }
  const own = (lines: readonly string[]): readonly string[] => {
    let all = lines;
    if (loginDelay > 0) all = withLine(all, `LOGIN-DELAY ${loginDelay}`);
    // RFC 2449 §6.7
    if (expire !== undefined) all = withLine(all, `EXPIRE ${expire === 'never' ? 'NEVER' : expire}`);
    if (implementation !== undefined) all = withLine(all, `IMPLEMENTATION ${implementation}`);
    return all;
  };
  const { capabilities, apop } = personality;
  const announced = new Set(capabilities?.before.map((line) => line.split(' ')[0]));
  const hidden = [
    ...without.map((name) => name.toUpperCase()),
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
  if (typeof given !== 'string') return given;
  if (isPersonalityName(given)) return PERSONALITIES[given];
  throw wrong('personality', `one of ${Object.keys(PERSONALITIES).join(', ')}`);
}

/** The lines with this one in place of what they say by its tag. */
function withLine(lines: readonly string[], line: string): readonly string[] {
  const [tag] = line.split(' ');
  return [...lines.filter((other) => other.split(' ')[0] !== tag), line];
}

function wholeOrRaise(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw wrong(name, 'a whole number, 0 or more');
}

function wrong(name: string, expected: string): MailError {
  return new MailError('config', `The option "${name}" must be ${expected}.`, {
    hint: 'Leave it out for its default.',
  });
}
