import type { AccountLedger } from '../../ledger/ledger.ts';
import type { RecordId } from '../../ledger/record.ts';
import type { MessageNumber, Octets } from '../../pop3/types.ts';
import type { Transaction } from '../../pop3-client/transaction.ts';
import { countText } from '../../wire/text.ts';
import { keptAlive } from '../keep-alive.ts';
import type { Listing } from '../listing.ts';
import { hasMereNumber } from '../mere-number.ts';
import type { Poll } from '../poll.ts';
import { sizesOfImported } from './adopted-again.ts';
import { importedForms } from './imported.ts';
import { type KnownMessages, knownMessages } from './known.ts';
import { numbersIn } from './named.ts';
import { type Recognition, recognise } from './recognise.ts';
import { recordPresent } from './record-found.ts';
import { recordRecovered, recover } from './recover.ts';

/** What is known of the messages of a listing before any of them is retrieved. */
export interface Stock {
  readonly known: KnownMessages;
  readonly recognition: Recognition;
}

/**
 * Finds out which of the listed messages were carried before, by whatever tells it, and records what it finds: what a
 * killed poll left (I3), what another program has fetched, what bears another unique-id now, what stands at the
 * destinations of an account that the ledger does not know, and what is gone (I8).
 */
export async function takeStock(session: Transaction, listing: Listing, poll: Poll): Promise<Stock> {
  const { ledger, runtime, framing, interrupted } = poll;
  const recovery = await keptAlive(session, recover(listing, poll)); // I3
  await recordImportedForms(listing, ledger);
  const known = knownMessages(ledger, listing);
  const recognition = await recognise(session, listing, {
    known,
    ledger,
    found: ledger.found(),
    framing,
    now: runtime.now(),
    interrupted,
  }); // I8
  if (recognition.gone.size > 0) await ledger.noteGone([...recognition.gone], runtime.now());
  const wasHeldBack = recovery?.isRecorded === false;
  if (wasHeldBack) await recordRecovered(recovery, new Set(recognition.present.keys()), poll);
  const named = recovery === undefined ? new Set<MessageNumber>() : numbersIn(recovery);
  await recordPresent(listing, { ...recognition, named }, poll);
  await recordRenumbered(listing, recognition, poll);
  await recordAgain(listing, recognition, ledger);
  // The plan has to know what was recorded just now.
  const { present, renumbered, again } = recognition;
  const hasRecorded = wasHeldBack || present.size > 0 || renumbered.size > 0 || again.size > 0;
  // After a loss of the ledger a name in a Maildir is proof enough: what is stored under it may not give a better one.
  const isProven = (number: MessageNumber): boolean => wasHeldBack && named.has(number);
  const doubtful = new Set([...recognition.doubtful].filter((number) => !isProven(number)));
  return {
    known: hasRecorded ? knownMessages(ledger, listing) : known,
    recognition: { ...recognition, doubtful },
  };
}

/** Notes the unique-ids that the server lists for what was imported under another form of them. */
async function recordImportedForms(listing: Listing, ledger: AccountLedger): Promise<void> {
  const forms = importedForms(listing, ledger);
  await ledger.noteRenumbered(new Map(forms.map(({ record, listed }) => [record, listed])));
}

/** Notes of adopted messages that they are listed again, and with which sizes; and the sizes of those that are listed first now. */
async function recordAgain(listing: Listing, { again }: Recognition, ledger: AccountLedger): Promise<void> {
  const sizes = new Map(sizesOfImported(listing, ledger));
  for (const [number, record] of again) {
    const octets = listing.messages.numbered(number)?.octets;
    if (octets !== undefined) sizes.set(record, octets);
  }
  // Both at once, or a kill between them would leave some whose sizes are not known.
  await Promise.all([ledger.noteRecognised([...again.values()]), ledger.noteListed(sizes)]);
}

/** Notes new unique-ids of carried messages, so that they are known by them from now on. */
async function recordRenumbered(
  { messages }: Listing,
  { renumbered, isRenumbering }: Recognition,
  { ledger, observer, account }: Poll,
): Promise<void> {
  await ledger.noteRenumbering(isRenumbering);
  if (renumbered.size === 0) return;
  const changed = messages.flatMap(({ number, uid }) => {
    const record = renumbered.get(number);
    return record === undefined || uid === undefined ? [] : [[record, uid] as const];
  });
  await ledger.noteRenumbered(new Map(changed));
  await ledger.noteListed(sizesOfNumbered(messages, renumbered));
  observer.noticed?.(
    account.name,
    `The server lists ${countText(changed.length, 'message')} under new unique-ids; by their headers they are carried already.`,
  );
}

/** What tells next time whether a mere number stands for the same message still. */
function sizesOfNumbered(
  messages: Listing['messages'],
  renumbered: Recognition['renumbered'],
): ReadonlyMap<RecordId, Octets> {
  const sizes = new Map<RecordId, Octets>();
  for (const message of messages) {
    const record = renumbered.get(message.number);
    if (record !== undefined && message.octets !== undefined && hasMereNumber(message))
      sizes.set(record, message.octets);
  }
  return sizes;
}
