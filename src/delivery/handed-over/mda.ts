import { MailError } from '../../errors.ts';
import { type Ending, endingText, MAX_SAID_CHARACTERS, runProgram } from '../../wire/run-program.ts';
import { printable } from '../../wire/text.ts';
import { destinationName, type MdaSettings } from '../settings.ts';
import { MessageNotTaken, NoneTaken, type Taker } from './handed-over.ts';

/** What an exit status says of a message (sysexits.h): taken, not this one, not now, or none at all before somebody has looked. */
export type Verdict = 'taken' | 'not-this' | 'not-now' | 'none';

/** EX_OSERR, EX_IOERR, EX_TEMPFAIL. */
const NOT_NOW = new Set([71, 74, 75]);

/**
 * EX_USAGE, EX_NOUSER, EX_NOHOST, EX_UNAVAILABLE, EX_SOFTWARE, EX_OSFILE, EX_CANTCREAT, EX_PROTOCOL, EX_NOPERM, EX_CONFIG; and what
 * the shell says of a program that it cannot start.
 */
const NONE = new Set([64, 67, 68, 69, 70, 72, 73, 76, 77, 78, 126, 127]);

/** What the end of a program says of its message. Only status 0 says that it was taken. */
export function verdictOf(ending: Ending): Verdict {
  if (ending.how === 'not-started') return 'none';
  if (ending.how !== 'exited' || NOT_NOW.has(ending.status)) return 'not-now';
  if (ending.status === 0) return 'taken';
  return NONE.has(ending.status) ? 'none' : 'not-this';
}

/** Gives each message to the program, on its standard input. */
export function mda(settings: MdaSettings, account: string): Taker {
  const { command, timeoutMs, folder, env = process.env } = settings;
  const take: Taker['take'] = async (spool, file, { tag }) => {
    const ending = await runProgram({
      command,
      folder,
      // An empty sender is that of a bounce, which nobody answers.
      env: { ...env, SENDER: spool.sender ?? '', MAILFERRY_ACCOUNT: account, MAILFERRY_MESSAGE: tag },
      input: file.fd,
      limitMs: timeoutMs,
      hears: 'errors',
    });
    const verdict = verdictOf(ending);
    if (verdict !== 'taken') throw notTaken(settings, ending, verdict);
    // Nothing there tells one message from another but this.
    return tag;
  };
  return { take };
}

function notTaken(settings: MdaSettings, ending: Ending, verdict: Exclude<Verdict, 'taken'>): MailError {
  const command = destinationName(settings).replace('mda:', '');
  const what = `The program "${printable(command, 60)}" ${endingText(ending, settings.timeoutMs)}`;
  const said = ending.said === '' ? '' : ` It said: ${printable(ending.said, MAX_SAID_CHARACTERS)}`;
  if (verdict === 'not-this') {
    return new MessageNotTaken(`${what}, so the message was not taken.`, {
      hint: `It stays on the server, and is handed over again at the next poll.${said}`,
    });
  }
  const code = verdict === 'not-now' ? 'destination-locked' : 'destination-unusable';
  // What could not be started has failed at no message.
  const Failure = hasStarted(ending) ? NoneTaken : MailError;
  const remedy = ending.how === 'too-late' ? ' Raise "timeout" if it needs longer.' : '';
  return new Failure(code, `${what}, so no message is handed over.`, {
    hint: `Run it by hand, as the user who runs Mailferry, with a message on its standard input; all mail stays on the server until then.${remedy}${said}`,
  });
}

/** The shell says with 126 and 127 that it could not start it. */
function hasStarted(ending: Ending): boolean {
  return ending.how !== 'not-started' && !(ending.how === 'exited' && [126, 127].includes(ending.status));
}
