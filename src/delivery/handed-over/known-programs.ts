/** Dovecot's own program under its names, as a word of a command. */
const DOVECOT = /(?:^|[\s/;&|])(?:dovecot-lda|dovecot\/deliver)(?=\s|$)([^;&|]*)/;

/** An argument `-e`, alone or with others that take no value. */
const KEEPS_REJECTED = /(?:^|\s)-[kep]*e/;

/** What is to be known of a program before it is trusted with mail; undefined where nothing is. */
export function warningOf(command: string | readonly string[]): string | undefined {
  const line = typeof command === 'string' ? command : command.join(' ');
  const [, rest] = DOVECOT.exec(line) ?? [];
  if (rest === undefined || KEEPS_REJECTED.test(rest)) return undefined;
  return 'Give dovecot-lda the option -e: without, it sends back or throws away what finds no room, and says that it took it.';
}
