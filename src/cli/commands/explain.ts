import { connectTo } from '../../app.ts';
import { octetsText } from '../../config/size.ts';
import { asMailError, MailError } from '../../errors.ts';
import { readHistory } from '../../ledger/history.ts';
import { lookAtLedger } from '../../ledger/sqlite-ledger.ts';
import type { Account } from '../../poll/account.ts';
import type { Decision } from '../../poll/plan.ts';
import type { PollControl } from '../../poll/poll.ts';
import { type Preview, previewAccount } from '../../poll/preview.ts';
import { systemRuntime } from '../../runtime.ts';
import { printable } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { explanationOf, type MessageFacts } from '../explanation.ts';
import { historyJson } from '../history-json.ts';
import { loadFor, selectAccounts } from '../load.ts';
import { signalControl } from '../signals.ts';
import { processTerminal, showError, type Terminal } from '../terminal.ts';

export interface ExplainOptions {
  readonly json?: boolean;
  /** False: the server is not asked. */
  readonly server: boolean;
}

/** `mailferry explain ACCOUNT UID|N`: why a message was or will be fetched, left or deleted, and when. */
export const explain: CommandRun<ExplainOptions> = async (options, [name = '', wanted = '']) => {
  const terminal = processTerminal();
  const configuration = await loadFor(options);
  const [selected] = selectAccounts(configuration, [name]);
  if (selected === undefined) return 0;
  const { account } = selected;
  const { stateDir } = configuration;
  using control = signalControl();
  const asked = options.server ? await previewNow(account, stateDir, control).catch(asMailError) : undefined;
  if (asked instanceof MailError) showError(terminal, asked, `${name}: the server was not asked:`);
  const facts = gather(wanted, {
    account,
    stateDir,
    preview: asked instanceof MailError ? undefined : asked,
  });
  if (options.json === true) terminal.out(JSON.stringify(jsonOf(facts)));
  else show(facts, terminal);
  return control.status ?? 0;
};

/** What is known, and the unique-id of the message that was asked for. */
interface Found extends MessageFacts {
  readonly uid: string;
}

function gather(
  wanted: string,
  { account, stateDir, preview }: { account: Account; stateDir: string; preview: Preview | undefined },
): Found {
  const { name, deletion } = account;
  const fits = ({ message }: Decision): boolean =>
    message.uid === wanted || String(message.number) === wanted;
  const decision = preview?.decisions.find(fits);
  const uid = decision?.message.uid ?? wanted;
  const whole = { accounts: [name], since: 0, until: Number.MAX_SAFE_INTEGER, all: true };
  const entries = [...readHistory(stateDir, { ...whole, message: uid })].filter((entry) => entry.uid === uid);
  if (decision === undefined && entries.length === 0) {
    throw new MailError(
      'usage',
      `Account "${name}" has no message ${printable(wanted, 100)}: the server does not list it, and the ledger does not know it.`,
      {
        hint: `mailferry fetch --dry-run --json ${name} lists the messages; mailferry history ${name} shows what was carried.`,
      },
    );
  }
  const deletedNow =
    decision !== undefined &&
    (preview?.deletions.has(decision.message.number) === true ||
      (decision.action === 'retrieve' && preview?.deletesRetrieved === true));
  const refusal = preview?.refusal?.message;
  return { account: name, uid, decision, deletedNow, refusal, entries, deletion, now: systemRuntime.now() };
}

/** Stable and documented. */
function jsonOf(facts: Found): unknown {
  const { account, uid, decision, deletedNow, entries } = facts;
  const { action = null, reason = null } = decision ?? {};
  const number = decision?.message.number ?? null;
  const plain = entries.map(historyJson);
  return {
    account,
    uid,
    number,
    action,
    reason,
    deletedNow,
    entries: plain,
    sentences: explanationOf(facts),
  };
}

function show(facts: Found, terminal: Terminal): void {
  const { account, uid, decision } = facts;
  const octets = decision?.message.octets;
  const size = octets === undefined ? '' : `, ${octetsText(octets)} by LIST`;
  const number = decision === undefined ? '' : `message ${decision.message.number}, `;
  terminal.out(`${account}: ${number}unique-id ${printable(uid, 100)}${size}`);
  for (const sentence of explanationOf(facts)) terminal.out(`  ${printable(sentence, 1000)}`);
}

/** The plan of a poll, made without owning the ledger: a daemon may be at work with it. */
async function previewNow(account: Account, stateDir: string, control: PollControl): Promise<Preview> {
  const ledger = await lookAtLedger(stateDir, systemRuntime);
  try {
    const deps = {
      runtime: systemRuntime,
      ledgerOf: (of: string) => ledger.account(of),
      openSession: (of: Account, signal: AbortSignal) => connectTo(of, { signal }),
    };
    return await previewAccount(account, deps, control);
  } finally {
    ledger.close();
  }
}
