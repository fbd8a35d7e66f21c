import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recipientsOf } from '../../../src/delivery/handed-over/recipients.ts';
import type { RecipientsByHeader } from '../../../src/delivery/settings.ts';
import { propertyRuns } from '../../support/property-runs.ts';

const OURS: RecipientsByHeader = {
  header: 'X-Original-To',
  position: 1,
  prefix: '',
  domains: ['example.org', 'Müller.example'],
  otherwise: 'postmaster@example.org',
};

function whoGets(header: string, more: Partial<RecipientsByHeader> = {}): readonly string[] {
  const octets = Buffer.from(`${header}Subject: s\r\n\r\nX-Original-To: body@example.org\r\n`);
  return recipientsOf(octets, { ...OURS, ...more }, true).to;
}

describe('who gets a message of a mailbox of several people', () => {
  test.each([
    ['X-Original-To: bob@example.org\r\n', ['bob@example.org']],
    ['x-original-to: Bob@EXAMPLE.org\r\n', ['Bob@example.org']],
    [
      'X-Original-To: <a@example.org>,\r\n b@example.org, a@example.org\r\n',
      ['a@example.org', 'b@example.org'],
    ],
    ['X-Original-To: a@müller.example\r\n', ['a@xn--mller-kva.example']],
    // What stands below is what the sender, or a server before, may have written.
    ['X-Original-To: a@example.org\r\nX-Original-To: b@example.org\r\n', ['a@example.org']],
    // To and Cc are never asked.
    ['To: a@example.org\r\nCc: b@example.org\r\n', ['postmaster@example.org']],
    ['X-Original-To: a@other.example\r\n', ['postmaster@example.org']],
    ['X-Original-To: a@sub.example.org\r\n', ['postmaster@example.org']],
    ['X-Original-To: a@other.example, b@example.org\r\n', ['b@example.org', 'postmaster@example.org']],
    ['X-Original-To: postmaster@example.org, bob\r\n', ['postmaster@example.org']],
    ['X-Original-To:\r\n', ['postmaster@example.org']],
    ['X-Original-To: a@example.org\rX: <b@example.org>\r\n', ['postmaster@example.org']],
  ])('%j: %j', (header, to) => {
    expect(whoGets(header)).toEqual(to);
  });

  test('is told by the field of that number', () => {
    const header = 'X-Original-To: a@example.org\r\nX-Original-To: b@example.org\r\n';
    expect(whoGets(header, { position: 2 })).toEqual(['b@example.org']);
    expect(whoGets(header, { position: 3 })).toEqual(['postmaster@example.org']);
  });

  test('is who stands behind the prefix, in whatever capitals', () => {
    const prefix = 'user-';
    expect(whoGets('X-Original-To: USER-a@example.org, b@example.org\r\n', { prefix })).toEqual([
      'a@example.org',
      'b@example.org',
    ]);
    expect(whoGets('X-Original-To: user-@example.org\r\n', { prefix })).toEqual(['postmaster@example.org']);
  });

  test('is otherwise where a field names more than a server has to take', () => {
    const many = Array.from({ length: 101 }, (_, at) => `a${at}@example.org`);
    expect(whoGets(`X-Original-To: ${many.join(', ')}\r\n`)).toEqual(['postmaster@example.org']);
    expect(whoGets(`X-Original-To: ${many.slice(1).join(',\r\n ')}\r\n`)).toHaveLength(100);
  });

  test('is always somebody, of ours or otherwise, and each is named once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 60 }), (body) => {
        const to = whoGets(`X-Original-To: ${body}\r\n`);
        expect(to.length).toBeGreaterThan(0);
        expect(new Set(to).size).toBe(to.length);
        for (const one of to) expect(one).toMatch(/@(?:example\.org|xn--mller-kva\.example)$/);
      }),
      propertyRuns(300),
    );
  });
});
