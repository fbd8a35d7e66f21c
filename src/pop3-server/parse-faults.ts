import { MailError } from '../errors.ts';
import { printable } from '../wire/text.ts';
import type { Fault, Faults } from './faults.ts';
import { count, type Field, type Fields, flag, oneOf, positive, quoted, text } from './field.ts';

const line: Field = {
  fits: (value) => typeof value === 'string' && !/[\r\n]/.test(value),
  expected: 'a text without line ends',
};
const keyword: Field = {
  fits: (value) => typeof value === 'string' && /^[A-Za-z]+$/.test(value),
  expected: 'a command keyword such as "RETR", or "GREETING", or "LOGIN"',
};
const numbers: Field = {
  fits: (value) => Array.isArray(value) && value.every(positive.fits),
  expected: 'a list of message numbers',
};
const names: Field = {
  fits: (value) => Array.isArray(value) && value.every(line.fits),
  expected: 'a list of capabilities or commands',
};
const factor: Field = {
  fits: (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  expected: 'a number, 0 or more',
};
const whole: Field = { fits: Number.isSafeInteger, expected: 'a whole number' };
const milliseconds: Field = {
  fits: (value) => positive.fits(value) && Number(value) < 2 ** 31,
  expected: 'a whole number of milliseconds, 1 or more',
};
const endless = oneOf('line', 'rows', 'body');

const any: Fields = { sessions: positive };
const atCommand: Fields = { ...any, command: keyword, messages: numbers, nth: positive };

/** The fields of each kind of fault beside `do`. */
const FIELDS: Readonly<Record<Fault['do'], Fields>> = {
  cut: { ...atCommand, afterOctets: count, inReply: count, afterReply: flag, commit: flag },
  stall: { ...atCommand, afterOctets: count, inReply: count },
  delay: { ...atCommand, ms: milliseconds },
  refuse: { ...atCommand, code: line, text: line, commit: flag },
  say: { ...atCommand, line },
  'omit-end': atCommand,
  shorten: { ...atCommand, octets: count },
  endless: { ...atCommand, what: endless },
  inject: { ...atCommand, text },
  sizes: { ...any, messages: numbers, factor, offset: whole },
  uids: { ...any, messages: numbers, uid: line, prefix: line },
  hide: { ...any, names },
  drip: { ...any, everyMs: milliseconds },
};

/** Of each group exactly one field must be there. */
const ONE_OF: Readonly<Record<Fault['do'], readonly (readonly string[])[]>> = {
  cut: [['command', 'afterOctets']],
  stall: [['command', 'afterOctets']],
  delay: [['command'], ['ms']],
  refuse: [['command']],
  say: [['command'], ['line']],
  'omit-end': [['command']],
  shorten: [['command'], ['octets']],
  endless: [['command'], ['what']],
  inject: [['command'], ['text']],
  sizes: [],
  uids: [['uid', 'prefix']],
  hide: [['names']],
  drip: [['everyMs']],
};

/** Fields that mean something only at a command, not at an octet. */
const ONLY_AT_COMMAND: readonly string[] = ['messages', 'nth', 'inReply', 'afterReply'];

/** `value`, for example out of a JSON file, as faults. Raises `config` with the place of the first mistake. */
export function parseFaults(value: unknown): Faults {
  if (!Array.isArray(value)) throw mistake('The faults', 'must be a list, [ … ].');
  return value.map((fault: unknown, index) => parseFault(fault, `faults[${index}]`));
}

function parseFault(value: unknown, place: string): Fault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw mistake(place, 'must be an object, { "do": … }.');
  }
  const given = new Map<string, unknown>(
    Object.entries(value).filter(([, content]) => content !== undefined),
  );
  const kind = given.get('do');
  if (!isKind(kind)) throw mistake(`${place}.do`, `must be one of ${quoted(Object.keys(FIELDS))}.`);
  given.delete('do');
  for (const [name, content] of given) {
    const field = FIELDS[kind][name];
    if (field === undefined) {
      throw mistake(
        `${place}.${printable(name, 40)}`,
        `means nothing to "${kind}".`,
        Object.keys(FIELDS[kind]),
      );
    }
    if (!field.fits(content)) throw mistake(`${place}.${name}`, `must be ${field.expected}.`);
  }
  for (const group of ONE_OF[kind]) {
    if (group.filter((name) => given.has(name)).length === 1) continue;
    throw mistake(place, `needs ${group.length === 1 ? '' : 'exactly one of '}${quoted(group)}.`);
  }
  const stray = given.has('afterOctets') ? ONLY_AT_COMMAND.find((name) => given.has(name)) : undefined;
  if (stray !== undefined) throw mistake(`${place}.${stray}`, 'goes with "command", not with "afterOctets".');
  return { do: kind, ...Object.fromEntries(given) } as Fault;
}

function mistake(place: string, what: string, known?: readonly string[]): MailError {
  return new MailError('config', `${place} ${what}`, {
    hint: known === undefined ? 'Correct the list of faults.' : `It may have ${quoted(known)}.`,
  });
}

function isKind(value: unknown): value is Fault['do'] {
  return typeof value === 'string' && Object.hasOwn(FIELDS, value);
}
