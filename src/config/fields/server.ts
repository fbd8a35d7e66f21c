import * as z from 'zod';
import { isLoopback, type TlsMode } from '../../pop3-client/options.ts';
import { wrongHost } from '../host.ts';
import { choice, expected, expectedText, wholeNumber } from './kinds.ts';

/** Where a server is that mail is handed over to. */
export const host = (): z.ZodType<string> =>
  z
    .string(expectedText('the name of the server'))
    .refine((written) => wrongHost(written) === undefined, expected('the name or address of the server'))
    .meta({ title: 'text', description: 'Name or address of the server.' });

/** The port of a server. */
export const port = (): z.ZodType<number> => wholeNumber('a port', 1, 65_535);

/** How the line to a server is protected. */
export const tls = (): z.ZodType<TlsMode> => choice(['implicit', 'starttls', 'none']);

/** Whether somebody accepts that `what` can be read on the way. */
export const allowCleartext = (what: string): z.ZodType<boolean | undefined> =>
  z
    .boolean(expected('true or false'))
    .optional()
    .meta({
      default: false,
      description: `Allows \`tls: none\` to another machine, so that ${what} can be read on the way.`,
    });

/** What is wrong where `what` can be read on the way, and nobody has accepted that (I5); undefined where nothing is. */
export function cleartextProblem(
  what: string,
  line: {
    readonly host: string;
    readonly tls?: TlsMode | undefined;
    readonly allowCleartext?: boolean | undefined;
  },
): string | undefined {
  if (line.tls !== 'none' || line.allowCleartext === true || isLoopback(line.host)) return undefined;
  return `without TLS ${what} can be read on the way; use implicit or starttls, or accept it with allowCleartext: true`;
}
