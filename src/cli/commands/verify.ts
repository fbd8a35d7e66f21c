import type { AccountConfiguration } from '../../config/configuration.ts';
import { readOnly } from '../../delivery/read-stored.ts';
import { lookAtLedger, type SqliteLedger } from '../../ledger/sqlite-ledger.ts';
import { type Verification, verifyDeliveries, verifyFormer } from '../../poll/verify.ts';
import { systemRuntime } from '../../runtime.ts';
import type { CommandRun } from '../command.ts';
import { statusOf } from '../exit-status.ts';
import { loadFor, selectAccounts } from '../load.ts';
import { endWithReader } from '../outputs.ts';
import { processTerminal, type Terminal } from '../terminal.ts';
import { countText } from '../wording.ts';

/** How many locations are shown; `--json` has them all. */
const SHOWN = 10;

/** `mailferry verify`: proves that what was delivered is still what was delivered. A daemon may be at work meanwhile. */
export const verify: CommandRun<{ readonly json?: boolean }> = async (options, names) => {
  endWithReader();
  const terminal = processTerminal();
  const configuration = await loadFor(options);
  const accounts = selectAccounts(configuration, names);
  using ledger = await lookAtLedger(configuration.stateDir, systemRuntime);
  let good = true;
  for (const { account } of accounts) {
    const { name } = account;
    const destinations = account.destinations.map(readOnly);
    const records = ledger.account(name);
    const former = ledger.placesOf(name).filter((place) => destinations.every((one) => one.name !== place));
    const verifications = [...(await verifyDeliveries(destinations, records))];
    for (const place of former) verifications.push(await verifyFormer(place, destinations, records));
    for (const verification of verifications) {
      if (options.json === true) terminal.out(JSON.stringify({ account: name, ...verification }));
      else show(name, verification, terminal);
      const { changed, missing, unreadable } = verification;
      good &&= changed.length + missing.length + unreadable.length === 0;
    }
  }
  if (names.length === 0) tellOfOthers(ledger, accounts, terminal);
  return good ? 0 : statusOf('message-changed');
};

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
  { destination, intact, changed, missing, unreadable }: Verification,
  terminal: Terminal,
): void {
  terminal.out(`${account}: ${countText(intact, 'message')} in ${destination} as delivered`);
  list(`${countText(changed.length, 'message')} changed since:`, changed, terminal);
  list(
    `${countText(missing.length, 'message')} not there any more (moved or deleted by you?):`,
    missing,
    terminal,
  );
  list(
    `${countText(unreadable.length, 'message')} that cannot be read (whose file is it?):`,
    unreadable,
    terminal,
  );
}

function list(title: string, locations: readonly string[], terminal: Terminal): void {
  if (locations.length === 0) return;
  terminal.out(`  ${terminal.style('yellow', title)}`);
  for (const location of locations.slice(0, SHOWN)) terminal.out(`    ${location}`);
  if (locations.length > SHOWN) terminal.out(`    … and ${locations.length - SHOWN} more (--json shows all)`);
}
