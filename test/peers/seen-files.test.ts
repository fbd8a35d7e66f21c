import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SeenMaildrop } from '../../src/peers/peer.ts';
import {
  getmailForm,
  isMaildrop,
  oldmailName,
  parseFetchids,
  parseOldmail,
  parseUidls,
  renderFetchids,
  renderOldmail,
  renderUidls,
} from '../../src/peers/seen-files.ts';
import { propertyRuns } from '../support/property-runs.ts';

function sample(name: string): string {
  return readFileSync(`test/peers/samples/${name}`, 'latin1');
}

const UIDS = ['0000004f5d2c1a3b', 'GmailId19a/slash+x=', 'UID-0001', 'UID-0002', 'UID-0003'];

const uid = fc.stringMatching(/^[\x21-\x7e]{1,70}$/);
const host = fc.stringMatching(/^[a-z0-9.-]{1,20}$/);
const user = fc.stringMatching(/^[a-z0-9.@+-]{1,20}$/);

function maildrops(): fc.Arbitrary<SeenMaildrop[]> {
  const messages = fc
    .uniqueArray(uid, { minLength: 1, maxLength: 10 })
    .map((uids) => uids.sort().map((it) => ({ uid: it, seenAt: undefined })));
  return fc.uniqueArray(fc.record({ host, user, messages }), {
    selector: (it) => `${it.user} ${it.host}`,
    maxLength: 4,
  });
}

describe('.fetchids', () => {
  test('holds several maildrops, users with an @ and unique-ids with any sign', () => {
    const [alice, bob] = parseFetchids(sample('fetchids-keep-two-accounts'));
    expect(alice?.messages.map((it) => it.uid).sort()).toEqual(UIDS);
    expect(bob).toMatchObject({
      user: 'bob@example.net',
      host: '127.0.0.1',
      messages: [{ uid: '1' }, { uid: '2' }],
    });
  });

  test('has unique-ids that hold an @', () => {
    expect(parseFetchids('a@h x@y\n')).toMatchObject([{ user: 'a', host: 'h', messages: [{ uid: 'x@y' }] }]);
  });

  test('does not tell upper case from lower in names', () => {
    expect(isMaildrop({ user: 'Me', host: 'POP.example' }, { user: 'me', host: 'pop.example' })).toBe(true);
    expect(isMaildrop({ user: 'me', host: 'pop.example' }, { user: 'me2', host: 'pop.example' })).toBe(false);
  });

  test('comes back as it was written', () => {
    fc.assert(
      fc.property(maildrops(), (all) => {
        expect(parseFetchids(renderFetchids(all))).toEqual(all);
      }),
      propertyRuns(200),
    );
  });
});

describe('oldmail', () => {
  test('holds a time for each unique-id, in which / has become -', () => {
    const seen = parseOldmail(sample('oldmail-6.20.01-alice'));
    expect(seen.map((it) => it.uid).sort()).toEqual(UIDS.map(getmailForm).sort());
    expect(seen[0]?.seenAt).toBe(1_795_418_315_000);
  });

  test('has a name made of server, port and user', () => {
    expect(oldmailName({ host: 'h', port: 995, user: 'a/b:c' })).toBe('oldmail-h-995-a-b-c');
  });

  test('comes back as it was written, to the second', () => {
    const seen = fc.array(
      fc.record({ uid: uid.map(getmailForm), seenAt: fc.nat(2 ** 31).map((it) => it * 1000) }),
    );
    fc.assert(
      fc.property(seen, (all) => {
        expect(parseOldmail(renderOldmail(all, 0))).toEqual(all);
      }),
      propertyRuns(200),
    );
  });
});

describe('uidls', () => {
  test('has no list without unique-ids, for which mpop would refuse all of it', () => {
    const empty = { host: 'h', user: 'alice', messages: [] };
    const filled = { host: 'h', user: 'bob', messages: [{ uid: 'one', seenAt: undefined }] };
    expect(renderUidls([empty, filled])).toMatch(/mpop\.\n 1 h bob\none\n$/);
  });

  test('has lists without times, and since 1.4.23 with them', () => {
    expect(parseUidls(sample('uidls-1.4.18-single'))).toEqual([
      { host: '127.0.0.1', user: 'alice', messages: UIDS.map((it) => ({ uid: it, seenAt: undefined })) },
    ]);
    expect(parseUidls(sample('uidls-1.4.23-format.txt'))[0]?.messages[0]).toEqual({
      uid: 'UID-0001',
      seenAt: 1_795_418_201_000,
    });
  });

  test('comes back as it was written', () => {
    fc.assert(
      fc.property(maildrops(), (all) => {
        expect(parseUidls(renderUidls(all))).toEqual(all);
      }),
      propertyRuns(200),
    );
  });
});
