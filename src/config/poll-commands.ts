import { MailError } from '../errors.ts';
import type { Account } from '../poll/account.ts';
import { throwIfStopped } from '../wire/deadline.ts';
import { type Ending, endingText, MAX_SAID_CHARACTERS, runProgram, wentWell } from '../wire/run-program.ts';
import { printable } from '../wire/text.ts';
import type { AfterMail, Runnable } from './configuration.ts';

/** How long a command may take that opens the way, when nothing is said: a VPN has asked several servers by then. */
export const PRECONNECT_MS = 60_000;

/** How long a command may take after mail has come, when nothing is said: an index of some 100,000 messages takes minutes. */
export const AFTER_MAIL_MS = 300_000;

/** What opens a way now, by command: accounts may share one, and a command that first looks whether it is open must not meet itself. */
const underWay = new Map<string, Promise<unknown>>();

async function inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
  const mine = (underWay.get(id) ?? Promise.resolve()).then(work);
  const over = mine.catch(() => undefined);
  underWay.set(id, over);
  try {
    return await mine;
  } finally {
    if (underWay.get(id) === over) underWay.delete(id);
  }
}

/** Runs the command of `preconnect`, which learns from its environment what for. The same command never runs twice at a time. */
export function preconnectOf(
  runnable: Runnable,
  { name, host, port, limitMs }: Pick<Account, 'name' | 'host' | 'port'> & { readonly limitMs: number },
): NonNullable<Account['preconnect']> {
  const facts = { MAILFERRY_ACCOUNT: name, MAILFERRY_HOST: host, MAILFERRY_PORT: String(port) };
  const open = async (stop: AbortSignal | undefined): Promise<void> => {
    throwIfStopped(stop);
    const env = { ...runnable.env, ...facts };
    const ending = await runProgram({ ...runnable, env, input: '', limitMs, hears: 'errors', stop });
    throwIfStopped(stop);
    if (wentWell(ending)) return;
    throw new MailError(
      'preconnect-failed',
      `The preconnect command ${endingText(ending, limitMs)}, so the server was not connected to.`,
      { hint: remedy(ending, 'preconnect') },
    );
  };
  return (stop) => inTurn(JSON.stringify(runnable.command), () => open(stop));
}

/** Makes the command of `afterMail` one that can be run. */
export function afterMailOf(runnable: Runnable, limitMs: number): AfterMail {
  return {
    ...runnable,
    limitMs,
    run: async ({ accounts, messages }, stop) => {
      const facts = { MAILFERRY_ACCOUNTS: accounts.join(' '), MAILFERRY_COUNT: String(messages) };
      const env = { ...runnable.env, ...facts };
      const ending = await runProgram({ ...runnable, env, input: '', limitMs, hears: 'all', stop });
      if (wentWell(ending)) return shown(ending);
      throwIfStopped(stop);
      throw new MailError(
        'after-mail-failed',
        `All that has come is safe, but the afterMail command ${endingText(ending, limitMs)}.`,
        { hint: `It is tried again. ${remedy(ending, 'afterMail')}` },
      );
    },
  };
}

/** The command itself is never shown: it may hold a secret (I5). */
function remedy(ending: Ending, key: 'preconnect' | 'afterMail'): string {
  const longer = ending.how === 'too-late' ? ` Raise "timeouts.${key}" if it needs longer.` : '';
  const said = ending.said === '' ? '' : ` It said: ${shown(ending)}`;
  return `Run it by hand as the user who runs Mailferry.${longer}${said}`;
}

function shown({ said }: Ending): string {
  return printable(said.replaceAll(/\s*\n\s*/g, ' | '), MAX_SAID_CHARACTERS);
}
