import { expect } from 'vitest';
import type { RawClient } from '../../support/raw-client.ts';

/** What is in the maildrop of each user. */
export const MESSAGES: readonly Buffer[] = [
  Buffer.from('Subject: one\r\nFrom: a@mail.example\r\n\r\nfirst\r\nsecond\r\nthird\r\n'),
  Buffer.from('Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nend\r\n'),
  Buffer.from('Subject: empty\r\n\r\n'),
];
export const SIZES: readonly number[] = MESSAGES.map(({ length }) => length);
export const TOTAL: number = SIZES.reduce((sum, size) => sum + size, 0);
export const OK: RegExp = /^\+OK(?: |$)/;
export const ERR: RegExp = /^-ERR(?: |$)/;

/** What a test of a rule has: a user of its own with `MESSAGES`, and connections. */
export interface Visit {
  readonly user: string;
  /** A connection that has read the greeting. */
  greeted(): Promise<RawClient>;
  /** A connection that is logged in. */
  entered(): Promise<RawClient>;
  /** A connection of which nothing was read. */
  connected(): Promise<RawClient>;
}

/** Says a rule and how to check it. */
export type Rule = (name: string, check: (visit: Visit) => Promise<void>) => void;

/** The rows of a multi-line response. */
export function rows(response: string): string[] {
  expect(response).toMatch(/^\+OK/);
  return response.split('\r\n').slice(1, -2);
}

/** A server may need a moment to notice that a session is gone. */
export async function reentered(visit: Visit): Promise<RawClient> {
  for (;;) {
    const client = await visit.greeted();
    const reply = await client.logIn(visit.user);
    if (OK.test(reply)) return client;
    expect(reply).toMatch(/IN-USE/i);
  }
}
