import type { MailError } from '../errors.ts';
import type { ReportedError } from '../poll/report.ts';

/** The longest path that a socket can have on every system that we know. */
export const MAX_SOCKET_PATH_OCTETS = 100;

/** The paths of the control socket, and of the HTTP listener where it has them, too. */
export const ROUTES = {
  status: '/status',
  poll: '/poll',
  pause: '/pause',
  resume: '/resume',
  reload: '/reload',
  logs: '/logs',
} as const;

/** In the query of a poll: it deletes also what waits for somebody's word. */
export const CONFIRM_DELETE = 'confirm-delete';

/** The answer where something could not be done. */
export interface Refused {
  readonly error: ReportedError;
}

/** An error as the answer to a request. */
export function refused({ code, message, hint }: Pick<MailError, 'code' | 'message' | 'hint'>): Refused {
  return { error: { code, message, hint: hint ?? null } };
}
