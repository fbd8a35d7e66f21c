import { describe, expect, test } from 'vitest';
import type { Destination } from '../../../src/delivery/destination.ts';
import { MailError } from '../../../src/errors.ts';
import { MAX_ATTEMPTS } from '../../../src/poll/limits.ts';
import { destinationWith, Ferry, type FerryOptions, mail, serve, storedAll } from '../ferry.ts';
import { AFTER_DELIVERY } from '../policies.ts';

const LARGE = mail('large', 'a line\r\n'.repeat(5000));
/** So large that what comes of it after a failure is not read to its end. */
const HUGE = mail('huge', 'a line\r\n'.repeat(700_000));
const SMALL = [mail('one'), mail('two'), mail('three')];
const ROOM = 10_000;

const full = (): Promise<never> => Promise.reject(new MailError('disk-full', 'The disk is full.'));

/** The last destination has no room for a large message: it shows when that is written, or at last when it is committed. */
function small(when: 'write' | 'commit'): (all: readonly Destination[]) => readonly Destination[] {
  const bounded = (destination: Destination): Destination =>
    destinationWith(destination, {
      begin: () => {
        const draft = destination.begin();
        let octets = 0;
        return {
          write: (block) => {
            octets += block.length;
            return octets > ROOM && when === 'write' ? full() : draft.write(block);
          },
          commit: (envelope) => (octets > ROOM ? draft.discard().then(full) : draft.commit(envelope)),
          discard: () => draft.discard(),
        };
      },
    });
  return (all) => all.map((one, index) => (index === all.length - 1 ? bounded(one) : one));
}

describe.each<[string, string, 'write' | 'commit', FerryOptions['destinations']]>([
  ['when it is written', LARGE, 'write', ['maildir']],
  ['long before its end', HUGE, 'write', ['maildir']],
  ['when it is made durable', LARGE, 'commit', ['maildir']],
  ['at one of two destinations', LARGE, 'commit', ['maildir-2', 'maildir']],
])('I9: a message for which there is no room, %s,', (_, large, when, destinations = []) => {
  test('is tried last from then on, as long as it takes, and comes once there is', async () => {
    await using server = await serve(large, ...SMALL);
    await using ferry = await Ferry.to(server.address, { account: AFTER_DELIVERY, destinations });
    ferry.wrapDestinations = small(when);
    for (let polls = 0; polls < MAX_ATTEMPTS + 2; polls += 1)
      expect(await ferry.poll()).toMatchObject({ outcome: 'failed', error: { code: 'disk-full' } });
    expect(await ferry.mail()).toEqual(storedAll(...SMALL));
    expect(server.maildrop('alice').messages.map(String)).toEqual([large]);
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 1, quarantined: 0 });
    for (const kind of destinations) expect(await ferry.mail(kind)).toEqual(storedAll(large, ...SMALL));
  });
});

test.each([[['maildir']], [['mda', 'maildir']]] as const)(
  'I3: what has become visible all the same, though it could not be made durable, comes once: %j',
  async (destinations) => {
    const [one = ''] = SMALL;
    await using server = await serve(one);
    await using ferry = await Ferry.to(server.address, { destinations });
    const failing = (destination: Destination): Destination =>
      destinationWith(destination, {
        begin: () => {
          const draft = destination.begin();
          return {
            write: (block) => draft.write(block),
            commit: (envelope) => draft.commit(envelope).then(full),
            discard: () => draft.discard(),
          };
        },
      });
    ferry.wrapDestinations = (all) => all.map((each) => (each.hasNames ? failing(each) : each));
    await ferry.poll();
    expect(await ferry.mail()).toEqual(storedAll(one));
    ferry.wrapDestinations = (all) => all;
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok' });
    for (const place of destinations) expect(await ferry.mail(place)).toEqual(storedAll(one));
  },
);
