import { connectTo } from '../../app.ts';
import { octetsText } from '../../config/size.ts';
import { abandonedAt, type StoredState } from '../../delivery/destination.ts';
import { readOnlyAll } from '../../delivery/read-only.ts';
import { asMailError, MailError } from '../../errors.ts';
import { type HistoryEntry, readHistory } from '../../ledger/history.ts';
import type { AccountLedger } from '../../ledger/ledger.ts';
import { lookAtLedger, SqliteLedger } from '../../ledger/sqlite-ledger.ts';
import type { Account } from '../../poll/account.ts';
import type { Decision } from '../../poll/plan.ts';
import type { PollControl } from '../../poll/poll.ts';
import { type Preview, previewAccount } from '../../poll/preview.ts';
import { statesOf } from '../../poll/stored-states.ts';
import { systemRuntime } from '../../runtime.ts';
import { printable } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { loadSelected } from '../load.ts';
import { signalControl } from '../signals.ts';
import { processTerminal, showError, type Terminal } from '../terminal.ts';
import { type EntryNow, explanationOf, type MessageFacts } from '../words/explanation.ts';
import { historyJson } from '../words/history-json.ts';

export interface ExplainOptions {
  readonly json?: boolean;
  /** False: the server is not asked. */
  readonly server: boolean;
}

/** `mailferry explain ACCOUNT UID|N`: why a message was or will be fetched, left or deleted, and when. */
export const explain: CommandRun<ExplainOptions> = async (options, [name = '', wanted = '']) => {
  const terminal = processTerminal();
  const {
    configuration: { stateDir },
    accounts: [selected],
  } = await loadSelected(options, [name]);
  if (selected === undefined) return 0;
  const { account } = selected;
  using control = signalControl();
  const asked = options.server ? await previewNow(account, stateDir, control).catch(asMailError) : undefined;
  if (asked instanceof MailError) showError(terminal, asked, `${name}: the server was not asked:`);
  const known = gather(wanted, {
    account,
    stateDir,
    preview: asked instanceof MailError ? undefined : asked,
  });
  const { entries, troubles } = await lookAtPlaces(known.entries, { account, stateDir, control });
  for (const trouble of troubles) showError(terminal, trouble, `${name}:`);
  const facts = { ...known, entries };
  if (options.json === true) terminal.out(JSON.stringify(jsonOf(facts)));
  else show(facts, terminal);
  return control.status ?? 0;
};

/** What is known, and the unique-id of the message that was asked for. */
interface Found extends MessageFacts {
  readonly uid: string;
}

/** The same before anybody has looked at the places of the message. */
interface Known extends Omit<Found, 'entries'> {
  readonly entries: readonly HistoryEntry[];
}

function gather(
  wanted: string,
  { account, stateDir, preview }: { account: Account; stateDir: string; preview: Preview | undefined },
): Known {
  const { name, deletion } = account;
  const asked = preview !== undefined;
  const whole = { accounts: [name], since: 0, until: Number.MAX_SAFE_INTEGER, all: true };
  const { uid, decision, entries } = find(wanted, {
    decisions: preview?.decisions ?? [],
    entriesLike: (message) => [...readHistory(stateDir, { ...whole, message })],
  });
  if (decision === undefined && entries.length === 0) {
    throw new MailError(
      'usage',
      `Account "${name}" has no message ${printable(wanted, 100)}: ${asked ? 'the server does not list it, and ' : ''}the ledger does not know it${asked ? '' : ', and the server was not asked'}.`,
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
  const now = systemRuntime.now();
  return { account: name, uid, asked, decision, deletedNow, refusal, entries, deletion, now };
}

/** By its number, its unique-id or, where that says nothing, its Message-ID: of several with one, the newest. */
function find(
  wanted: string,
  {
    decisions,
    entriesLike,
  }: {
    readonly decisions: readonly Decision[];
    readonly entriesLike: (part: string) => readonly HistoryEntry[];
  },
): Pick<Known, 'uid' | 'decision' | 'entries'> {
  const fits = ({ message }: Decision): boolean =>
    message.uid === wanted || String(message.number) === wanted;
  const decision = decisions.find(fits);
  const uid = decision?.message.uid ?? wanted;
  const entries = entriesLike(uid).filter((entry) => entry.uid === uid);
  if (decision !== undefined || entries.length > 0) return { uid, decision, entries };
  const ids = new Set([wanted, `<${wanted}>`]);
  const newest = entriesLike(wanted).find(({ messageId }) => messageId !== null && ids.has(messageId));
  if (newest === undefined) return { uid, decision, entries };
  return newest.uid === null
    ? { uid, decision, entries: [newest] }
    : find(newest.uid, { decisions, entriesLike });
}

const NO_RECORDS: Pick<
  AccountLedger,
  'receiptsOf' | 'recordedAs' | 'recordedAt' | 'used' | 'folderOf' | 'wasInFormerFolder' | 'arrivals'
> = {
  receiptsOf: () => [],
  recordedAs: () => [],
  recordedAt: () => [],
  used: () => false,
  folderOf: () => undefined,
  wasInFormerFolder: () => false,
  arrivals: () => [],
};

/** What the places hold now of what was delivered there, and what kept from looking. Creates and locks nothing. */
async function lookAtPlaces(
  entries: readonly HistoryEntry[],
  {
    account,
    stateDir,
    control,
  }: { readonly account: Account; readonly stateDir: string; readonly control: PollControl },
): Promise<{ readonly entries: readonly EntryNow[]; readonly troubles: readonly MailError[] }> {
  using ledger = SqliteLedger.openToRead(stateDir);
  const records = ledger?.account(account.name) ?? NO_RECORDS;
  const destinations = readOnlyAll(account.destinations, records, account.name);
  using _ = abandonedAt(control.abort, destinations);
  const troubles: MailError[] = [];
  const found: EntryNow[] = [];
  for (const entry of entries) {
    const states = new Map<string, StoredState>();
    for (const receipt of records.receiptsOf(entry.id)) {
      const { destination } = receipt;
      const one = { record: entry.id, receipt };
      try {
        const state = (await statesOf(destination, [one], { destinations, ledger: records })).get(one);
        if (state !== undefined) states.set(destination, state);
      } catch (error) {
        troubles.push(asMailError(error));
        states.set(destination, 'unreadable');
      }
    }
    const places = entry.places.map((place) => ({ ...place, state: states.get(place.destination) ?? null }));
    found.push({ ...entry, places });
  }
  return { entries: found, troubles };
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
  using ledger = await lookAtLedger(stateDir, systemRuntime);
  const deps = {
    runtime: systemRuntime,
    ledgerOf: (of: string) => ledger.account(of),
    openSession: (of: Account, signal: AbortSignal) => connectTo(of, { signal }),
  };
  return await previewAccount(account, deps, control);
}
