import { destination, type Logger as PinoLogger, pino } from 'pino';
import { printable } from '../wire/text.ts';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
export type LogFormat = 'auto' | 'json' | 'pretty';
export type Logger = Pick<PinoLogger, 'error' | 'warn' | 'info' | 'debug' | 'trace'>;

/** Where a secret could turn up in spite of all; the first belt is that `Secret` prints as `[secret]`. */
const REDACTED = ['password', '*.password', 'secret', '*.secret', 'token', '*.token'];

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Whether people watch standard error, and whether they want colours. */
  readonly terminal: boolean;
  readonly colours: boolean;
}

/**
 * The log, on standard error: one JSON object per line, or lines for people on a terminal. Written synchronously,
 * so that no line is lost however the process ends.
 */
export async function createLogger({ level, format, terminal, colours }: LoggerOptions): Promise<Logger> {
  const options = {
    level,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '[secret]' },
    base: null,
    timestamp: isoTime,
  };
  if (format === 'pretty' || (format === 'auto' && terminal)) {
    const { default: pretty } = await import('pino-pretty');
    const stream = pretty({
      destination: 2,
      sync: true,
      colorize: colours,
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'account',
      messageFormat: forPeople,
    });
    const logger: Logger = pino(options, stream);
    return logger;
  }
  const file = destination({ dest: 2, sync: true });
  // A full disk or a closed pipe behind the log must not stop mail.
  file.on('error', () => undefined);
  const logger: Logger = pino(options, file);
  return logger;
}

function isoTime(): string {
  return `,"time":"${new Date().toISOString()}"`;
}

function forPeople(line: Readonly<Record<string, unknown>>): string {
  const account = typeof line['account'] === 'string' ? `${line['account']}: ` : '';
  return printable(`${account}${String(line['msg'])}`, 2000);
}
