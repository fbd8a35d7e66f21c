import { withoutSecrets } from '../secret.ts';
import { runNoticeCommand } from './command.ts';
import type { Notice } from './notice.ts';
import { post } from './post.ts';
import type { NoticeTarget } from './targets.ts';

/** What sending needs to know of this process. */
export interface SendContext {
  readonly hostName: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whether somebody watches, who may see what a command says. */
  readonly watched?: boolean | undefined;
}

/** Sends one notice to one place, once. Raises a `MailError` that holds no secret. */
export async function sendNotice(target: NoticeTarget, notice: Notice, context: SendContext): Promise<void> {
  const body = JSON.stringify(noticeObject(notice, context.hostName));
  switch (target.type) {
    case 'webhook': {
      const headers = { 'content-type': 'application/json' };
      return post({ url: await target.url(), headers, body });
    }
    case 'ntfy': {
      const token = await target.token?.();
      return post({
        url: await target.url(),
        headers: {
          Title: headerText(`Mailferry: ${notice.title}`),
          Priority: notice.bad ? 'high' : 'default',
          Tags: notice.bad ? 'warning' : 'white_check_mark',
          ...(token === undefined ? {} : { Authorization: `Bearer ${token.reveal()}` }),
        },
        body: notice.text,
      });
    }
    case 'command':
      return runNoticeCommand({
        ...target,
        env: withoutSecrets(context.env, target.withheld),
        input: `${body}\n`,
        quotes: context.watched,
      });
    case 'mail': {
      const { sendMail } = await import('./mail.ts');
      return sendMail(target, notice, context.hostName);
    }
  }
}

/** A notice as programs get it. Stable and documented. */
function noticeObject({ kind, account, title, text, bad, at }: Notice, host: string): object {
  return { kind, account, title, text, bad, at: new Date(at).toISOString(), host };
}

/** Header fields of HTTP hold ASCII only; ntfy reads others as mail has them (RFC 2047 §4.1). */
function headerText(text: string): string {
  if (/^[\u0020-\u007e]*$/.test(text)) return text;
  return `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;
}
