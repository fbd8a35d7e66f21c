import { MailError } from '../../errors.ts';
import { parseSchedule } from '../../schedule/cron.ts';
import type { Asker } from '../prompts.ts';
import type { InitOptions } from './options.ts';

/** Asks where mail goes. With nobody to ask, the options have said so. */
export async function askDestination(asker: Asker | undefined): Promise<NonNullable<InitOptions['deliver']>> {
  const present = required(asker);
  const type = await present.choose('Where shall mail go?', [
    { value: 'maildir', label: 'Into a Maildir', hint: 'a folder, each message a file; the safe choice' },
    { value: 'mbox', label: 'Into an mbox', hint: 'one file for all messages' },
  ]);
  const path = await present.text(type === 'maildir' ? 'The folder of the Maildir?' : 'The mbox file?', {
    initial: type === 'maildir' ? '~/Mail' : '~/mbox',
    check: (answer) =>
      /^(?:~[^/]|\$)/.test(answer) ? 'Write ~/ for your home folder, or the whole path.' : undefined,
  });
  return { type, path };
}

/** Asks, in words, what happens on the server; there is no default. */
export async function askDeletion(asker: Asker | undefined): Promise<NonNullable<InitOptions['delete']>> {
  const answer = await required(asker).choose('What shall happen on the server to mail that is safe here?', [
    { value: 'never', label: 'Nothing: all of it stays there', hint: 'you can change that at any time' },
    { value: '30d', label: 'It is deleted there 30 days after it came here' },
    { value: 'after-delivery', label: 'It is deleted there as soon as it is safe here' },
  ]);
  return answer === '30d' ? { after: '30d' } : answer;
}

/** How often the daemon polls; not more often than the provider wants it. */
export async function askSchedule(asker: Asker | undefined, minimumMinutes: number): Promise<string> {
  const usual = minimumMinutes > 5 ? `every ${minimumMinutes}m` : 'every 5m';
  if (asker === undefined) return usual;
  return asker.text('How often shall a daemon look for new mail?', {
    initial: usual,
    check: (answer) => {
      try {
        parseSchedule(answer);
        return undefined;
      } catch (thrown) {
        return thrown instanceof MailError ? `${thrown.message}. ${thrown.hint ?? ''}` : 'Write "every 5m".';
      }
    },
  });
}

function required(asker: Asker | undefined): Asker {
  if (asker !== undefined) return asker;
  throw new MailError('usage', 'There is nobody to ask.', {
    hint: 'Run it at a terminal, or say everything with options.',
  });
}
