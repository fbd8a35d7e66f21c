import { post } from './post.ts';
import type { PingTarget } from './targets.ts';

/** What a ping says: the daemon begins, all is well, or accounts are in trouble. */
export type Ping =
  | { readonly kind: 'start' }
  | { readonly kind: 'ok'; readonly text: string }
  | { readonly kind: 'fail'; readonly text: string };

const PATHS = { start: '/start', ok: '', fail: '/fail' } as const;

/** Sends a sign of life, so that somebody else notices when none comes any more. Raises a `MailError`. */
export async function sendPing({ url }: PingTarget, ping: Ping): Promise<void> {
  const body = ping.kind === 'start' ? '' : ping.text;
  await post({ url: await url(), path: PATHS[ping.kind], body });
}
