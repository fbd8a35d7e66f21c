import type { App } from '../../app.ts';
import type { AccountConfiguration } from '../../config/configuration.ts';
import { octetsText } from '../../config/size.ts';
import { asMailError, type MailError } from '../../errors.ts';
import type { Decision } from '../../poll/plan.ts';
import type { PollControl } from '../../poll/poll.ts';
import type { Preview } from '../../poll/preview.ts';
import { countText, printable } from '../../wire/text.ts';
import { statusOf } from '../exit-status.ts';
import { showError, type Terminal } from '../terminal.ts';
import { REASON_WORDS } from '../words/reason-text.ts';
import { columnText } from '../words/wording.ts';

export interface PreviewOptions {
  readonly options: { readonly json?: boolean };
  readonly control: PollControl;
  readonly terminal: Terminal;
}

/** `mailferry fetch --dry-run`: prints the plan of each account. Resolves to the exit statuses. */
export async function previewAll(
  app: App,
  accounts: readonly AccountConfiguration[],
  { options, control, terminal }: PreviewOptions,
): Promise<number[]> {
  const statuses: number[] = [];
  for (const account of accounts) {
    const { name } = account.account;
    try {
      const preview = await app.preview(account, control);
      if (options.json === true) terminal.out(JSON.stringify(jsonOf(preview)));
      else showPreview(preview, terminal);
      statuses.push(0);
    } catch (thrown) {
      const error = asMailError(thrown);
      if (options.json === true) terminal.out(JSON.stringify({ account: name, error: plain(error) }));
      else showError(terminal, error, `${name}: failed:`);
      statuses.push(statusOf(error.code));
    }
  }
  return statuses;
}

function plain({ code, message, hint }: MailError): unknown {
  return { code, message, hint: hint ?? null };
}

/** Stable and documented. */
function jsonOf({ account, decisions, deletions, compared, deletesRetrieved, refusal }: Preview): unknown {
  return {
    account,
    dryRun: true,
    messages: decisions.map(({ action, message, reason }) => ({
      number: message.number,
      uid: message.uid ?? null,
      octets: message.octets ?? null,
      action,
      reason,
      delete: deletions.has(message.number) || (action === 'retrieve' && deletesRetrieved),
      compare: compared.has(message.number),
    })),
    refusal: refusal === undefined ? null : plain(refusal),
    error: null,
  };
}

function showPreview(
  { account, decisions, deletions, compared, deletesRetrieved, refusal, summaries }: Preview,
  terminal: Terminal,
): void {
  const retrievals = decisions.filter(({ action }) => action === 'retrieve');
  const octets = retrievals.reduce((sum, { message }) => sum + (message.octets ?? 0), 0);
  const comparing =
    compared.size === 0 ? '' : `, and compare ${countText(compared.size, 'message')} before it does so`;
  const afterwards = deletesRetrieved && retrievals.length > 0 ? ' and then delete them on the server' : '';
  terminal.out(
    `${account}: a poll would retrieve ${countText(retrievals.length, 'message')} (${octetsText(octets)})${afterwards}` +
      `, and delete ${countText(deletions.size, 'message')} carried before${comparing}. Nothing was retrieved or deleted.`,
  );
  if (refusal !== undefined) showError(terminal, refusal, `${account}: would stay there:`);
  for (const [number, { from, subject }] of summaries) {
    terminal.out(
      `  ${String(number).padStart(6)}  ${columnText(printable(from), 40)}  ${printable(subject, 60)}`,
    );
  }
  if (retrievals.length > summaries.size && summaries.size > 0) {
    terminal.out(`          … and ${countText(retrievals.length - summaries.size, 'more message')}`);
  }
  if (decisions.length > 0) terminal.out('  why:');
  for (const [reason, count] of countReasons(decisions)) {
    terminal.out(`  ${count.toLocaleString('en-US').padStart(6)}  ${REASON_WORDS[reason]}`);
  }
}

function countReasons(decisions: readonly Decision[]): ReadonlyMap<Decision['reason'], number> {
  const counts = new Map<Decision['reason'], number>();
  for (const { reason } of decisions) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}
