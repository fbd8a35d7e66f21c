import type { MailError } from '../errors.ts';
import { createLogger, type Logger } from '../observe/logger.ts';
import type { Observe, ServerEvent } from '../pop3-server/index.ts';
import type { GlobalOptions } from './command.ts';
import { processTerminal } from './terminal.ts';

/**
 * The log of a server on standard error: what is wrong with its maildrops always, who comes and goes at `info`, every
 * line of both sides at `trace`, without passwords (I5).
 */
export async function serverLog({ logLevel = 'warn', logFormat }: GlobalOptions): Promise<Observe> {
  const { interactive, colours } = processTerminal();
  const logger = await createLogger({ level: logLevel, format: logFormat, terminal: interactive, colours });
  return (event) => log(event, logger);
}

function log(event: ServerEvent, logger: Logger): void {
  switch (event.kind) {
    case 'turned-away':
      return logger.warn({ address: event.address }, `turned ${event.address} away: too many connections`);
    case 'trouble':
      return logger.error(fields(event.session, event.error), event.error.message);
    case 'entered':
      return logger.info(
        { session: event.session, user: event.user },
        `${event.user} has logged in by ${event.by}`,
      );
    case 'closed':
      return event.error === undefined
        ? logger.info({ session: event.session }, 'the session is over')
        : logger.info(fields(event.session, event.error), `the session is over: ${event.error.message}`);
    case 'opened':
      return logger.info({ session: event.session }, 'a client has connected');
    case 'secured':
      return logger.info({ session: event.session }, `${event.protocol} with ${event.cipher}`);
    case 'command':
      return logger.trace({ session: event.session }, `received ${event.line}`);
    case 'response':
      return logger.trace({ session: event.session }, 'received ***');
    case 'reply':
      return logger.trace({ session: event.session }, `sent ${event.line}`);
  }
}

function fields(session: number, { code, hint }: MailError): object {
  return { session, code, hint };
}
