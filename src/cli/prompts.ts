import { cancel, confirm, isCancel, log, password, select, spinner, text } from '@clack/prompts';
import { MailError } from '../errors.ts';
import { wrappedText } from './words/wording.ts';

/** Somebody at a terminal who is asked. Each question raises `aborted` when they have had enough. */
export interface Asker {
  text(
    message: string,
    more?: { readonly initial?: string; readonly check?: (answer: string) => string | undefined },
  ): Promise<string>;
  /** What is typed is not shown. */
  secret(message: string): Promise<string>;
  choose<T extends string>(message: string, options: readonly Choice<T>[]): Promise<T>;
  confirm(message: string): Promise<boolean>;
  /** Something to read between two questions. */
  say(message: string, kind?: 'info' | 'warn' | 'success'): void;
  /** Shows that something is under way. */
  during<T>(message: string, act: () => Promise<T>): Promise<T>;
}

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

/** Asks at the terminal of this process; the only importer of the library of prompts. */
export const terminalAsker: Asker = {
  text: async (message, { initial, check } = {}) => {
    const answer = await text({
      message,
      ...(initial === undefined ? {} : { initialValue: initial }),
      validate: (typed) => {
        if (typed === undefined || typed.trim() === '') return 'Please say something.';
        return check?.(typed.trim());
      },
    });
    return given(answer).trim();
  },
  secret: async (message) => {
    return given(await password({ message, validate: (typed) => (typed ? undefined : 'Please type it.') }));
  },
  choose: async (message, options) =>
    given(await select({ message, options: options.map((it) => ({ ...it })) as never })),
  confirm: async (message) => given(await confirm({ message })),
  say: (message, kind = 'info') => log[kind](lines(message).join('\n')),
  during: async (message, act) => {
    const shown = spinner();
    shown.start(message);
    try {
      const result = await act();
      shown.stop(message);
      return result;
    } catch (error) {
      shown.stop(message);
      throw error;
    }
  },
};

/** A bar and two blanks stand before each line. */
const MARGIN = 4;

function lines(message: string): readonly string[] {
  const columns = Math.max(20, (process.stdout.columns || 80) - MARGIN);
  return message.split('\n').flatMap((line) => wrappedText(line, columns));
}

function given<T>(answer: T): Exclude<T, symbol> {
  if (!isCancel(answer)) return answer as Exclude<T, symbol>;
  cancel('Stopped; nothing was written.');
  throw new MailError('aborted', 'Stopped before the end; nothing was written.');
}
