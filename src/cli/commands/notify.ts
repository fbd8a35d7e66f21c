import { PasswordCommandError } from '../../config/secrets.ts';
import { asMailError, MailError } from '../../errors.ts';
import type { Notice } from '../../notices/notice.ts';
import { sendPing } from '../../notices/ping.ts';
import { sendNotice } from '../../notices/send.ts';
import { targetName } from '../../notices/targets.ts';
import { systemRuntime } from '../../runtime.ts';
import type { CommandRun } from '../command.ts';
import { statusOf, worstStatus } from '../exit-status.ts';
import { loadFor } from '../load.ts';
import { processTerminal, showError } from '../terminal.ts';

/** `mailferry notify --test`: sends a notice to every place, and says which have taken it. */
export const notify: CommandRun<{ readonly test?: boolean }> = async (options) => {
  const terminal = processTerminal();
  if (options.test !== true) {
    throw new MailError('usage', 'The daemon sends notices by itself; by hand only a test can be sent.', {
      hint: 'Say: mailferry notify --test',
    });
  }
  const { targets, ping } = (await loadFor(options)).daemon.notify;
  if (targets.length === 0 && ping === undefined) {
    throw new MailError('config', 'The configuration names no place for notices.', {
      hint: 'Add "notify" with a list "to", or "ping"; docs/daemon.md shows how.',
    });
  }
  const context = { hostName: systemRuntime.hostName, env: process.env, watched: true };
  const attempts = targets.map((target, index) => ({
    // There may be several of a kind, and their URLs are not told (I5).
    name: targets.length > 1 ? `${targetName(target)} (notify.to.${index})` : targetName(target),
    send: () => sendNotice(target, testNotice(), context),
  }));
  if (ping !== undefined)
    attempts.push({ name: 'ping', send: () => sendPing(ping, { kind: 'ok', text: 'test' }) });
  const statuses: number[] = [];
  for (const { name, send } of attempts) {
    try {
      await send();
      terminal.out(`${terminal.style('green', '✓')} ${name}`);
    } catch (thrown) {
      const error = thrown instanceof PasswordCommandError ? thrown.quoting : asMailError(thrown);
      showError(terminal, error, `✗ ${name}:`);
      statuses.push(statusOf(error.code));
    }
  }
  return worstStatus(statuses);
};

function testNotice(): Notice {
  return {
    kind: 'test',
    account: 'none',
    title: 'this is a test',
    text: 'Notices of Mailferry arrive here. Nothing is wrong.',
    bad: false,
    at: systemRuntime.now(),
  };
}
