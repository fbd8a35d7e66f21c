import type { AccountConfiguration } from '../../config/configuration.ts';
import { readOnlyAll } from '../../delivery/read-only.ts';
import { isPlaceName } from '../../delivery/settings.ts';
import { asMailError, MailError } from '../../errors.ts';
import { lookAtLedger, type SqliteLedger } from '../../ledger/sqlite-ledger.ts';
import type { Account } from '../../poll/account.ts';
import { refuseUnknownAccount } from '../../poll/unknown-account.ts';
import { type Amiss, type Verification, verifyDestination, verifyFormer } from '../../poll/verify.ts';
import { systemRuntime } from '../../runtime.ts';
import { countText, printable } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { statusOf, worstStatus } from '../exit-status.ts';
import { loadSelected } from '../load.ts';
import { endWithReader } from '../outputs.ts';
import { processTerminal, showError, type Terminal } from '../terminal.ts';

/** How many locations are shown; `--json` has them all. */
const SHOWN = 10;

/** A Message-ID may be as long as its sender likes. */
const MOST_CHARACTERS = 200;

/** `mailferry verify`: proves that what was delivered is still what was delivered. A daemon may be at work meanwhile. */
export const verify: CommandRun<{ readonly json?: boolean }> = async (options, names) => {
  endWithReader();
  const terminal = processTerminal();
  const { configuration, accounts } = await loadSelected(options, names);
  using ledger = await lookAtLedger(configuration.stateDir, systemRuntime);
  const statuses: number[] = [];
  for (const { account } of accounts) {
    const isNew = ledger.account(account.name).isNew();
    for (const { place, former, verify: look } of placesOf(account, ledger)) {
      // One that cannot be looked at keeps no other from that.
      const verification = await look().catch(asMailError);
      statuses.push(statusOfPlace(verification));
      if (options.json === true) terminal.out(JSON.stringify(jsonOf(account.name, place, verification)));
      else if (verification instanceof MailError)
        showError(terminal, verification, `${account.name}: ${place}:`);
      else if (isNew) terminal.out(`${account.name}: nothing was carried yet that the ledger knows of`);
      else show(account.name, { ...verification, former }, terminal);
    }
  }
  if (names.length === 0) tellOfOthers(ledger, accounts, terminal);
  return worstStatus(statuses);
};

interface Place {
  readonly place: string;
  /** Not configured any more. */
  readonly former: boolean;
  readonly verify: () => Promise<Verification>;
}

/** Where mail of an account was ever delivered to, or is to be. */
function placesOf(account: Account, ledger: SqliteLedger): readonly Place[] {
  const records = ledger.account(account.name);
  const destinations = readOnlyAll(account.destinations, records, account.name);
  const former = ledger
    .placesOf(account.name)
    .filter((place) => destinations.every(({ name }) => name !== place));
  return [
    ...destinations.map((one) => ({
      place: one.name,
      former: false,
      verify: async () => {
        await refuseUnknownAccount(account, records);
        return verifyDestination(one, records);
      },
    })),
    ...former.map((place) => ({
      place,
      former: true,
      verify: () => verifyFormer(place, destinations, records),
    })),
  ];
}

function statusOfPlace(verification: Verification | MailError): number {
  if (verification instanceof MailError) return statusOf(verification.code);
  const { changed, missing, unreadable } = verification;
  return changed.length + missing.length + unreadable.length === 0 ? 0 : statusOf('message-changed');
}

/** Stable and documented. */
function jsonOf(account: string, destination: string, verification: Verification | MailError): unknown {
  if (!(verification instanceof MailError)) {
    const { changed, missing, unreadable } = verification;
    const lists = {
      changed: changed.map(placeOf),
      missing: missing.map(placeOf),
      unreadable: unreadable.map(placeOf),
    };
    return { account, ...verification, ...lists, error: null };
  }
  const { code, message, hint } = verification;
  return { account, destination, error: { code, message, hint: hint ?? null } };
}

function placeOf({ location }: Amiss): string {
  return location;
}

/** Accounts that were renamed or taken out are verified by nobody. */
function tellOfOthers(
  ledger: Pick<SqliteLedger, 'summaries'>,
  accounts: readonly AccountConfiguration[],
  terminal: Terminal,
): void {
  const configured = new Set(accounts.map(({ account }) => account.name));
  for (const [name, { delivered }] of ledger.summaries(0)) {
    if (configured.has(name) || delivered.messages === 0) continue;
    const what = `${countText(delivered.messages, 'message')} of account ${name}, which is not configured any more`;
    terminal.err(`${terminal.style('yellow', 'note:')} ${what}, were not looked at`);
  }
}

function show(
  account: string,
  {
    destination,
    former,
    intact,
    marked,
    workedOut,
    changed,
    missing,
    cutOff,
    unreadable,
    handedOver,
  }: Verification & Pick<Place, 'former'>,
  terminal: Terminal,
): void {
  const lookedAt = intact + marked + changed.length + missing.length + unreadable.length;
  if (handedOver > 0) {
    terminal.out(
      `${account}: ${countText(handedOver, 'message')} taken over by ${destination}, of which nothing is compared`,
    );
    if (lookedAt === 0) return;
  }
  const where = former ? `that came to ${destination}, there or where mail goes now,` : `in ${destination}`;
  terminal.out(`${account}: ${countText(intact, 'message')} ${where} as delivered`);
  if (marked > 0)
    terminal.out(
      `  ${countText(marked, 'message')} there, with fields in the header that a mail program has written (Status and the like); all else is as delivered`,
    );
  if (workedOut > 0)
    terminal.out(
      `  ${terminal.style('yellow', `of ${countText(workedOut, 'message')} only what stood there when the ledger was lost is known`)}`,
    );
  list(`${countText(changed.length, 'message')} changed since:`, changed, terminal);
  list(
    `${countText(missing.length, 'message')} not there any more (moved or deleted by you?):`,
    missing,
    terminal,
  );
  if (cutOff > 0)
    terminal.out(
      `  ${terminal.style('yellow', `The mbox has lost its end: it was cut, or put back as it was before ${cutOff.toLocaleString('en-US')} of these came.`)} What the server still has comes once more after: mailferry refetch --missing ${account}`,
    );
  list(
    `${countText(unreadable.length, 'message')} that cannot be read (${isPlaceName(destination) ? 'whose file is it?' : 'the IMAP server does not give it'}):`,
    unreadable,
    terminal,
  );
}

function list(title: string, messages: readonly Amiss[], terminal: Terminal): void {
  if (messages.length === 0) return;
  terminal.out(`  ${terminal.style('yellow', title)}`);
  for (const { location, messageId } of messages.slice(0, SHOWN))
    terminal.out(
      `    ${location}${messageId === undefined ? '' : ` ${printable(messageId, MOST_CHARACTERS)}`}`,
    );
  if (messages.length > SHOWN)
    terminal.out(`    … and ${(messages.length - SHOWN).toLocaleString('en-US')} more (--json shows all)`);
}
