import { describe, expect, test } from 'vitest';
import type { Pop3Server } from '../../src/pop3-server/index.ts';
import { greetedClient } from '../support/raw-client.ts';
import { Ferry, mail, serve } from './ferry.ts';

function serveTwo(): Promise<Pop3Server> {
  return serve(mail('one'), mail('two'));
}

describe('a maildrop in use', () => {
  test('by somebody else is left alone at once', async () => {
    await using server = await serveTwo();
    await using other = await greetedClient(server.address);
    await other.logIn();
    await using ferry = await Ferry.to(server.address);
    const report = await ferry.poll();
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'maildrop-busy' } });
    expect(ferry.lines.filter((line) => line.startsWith('sent AUTH'))).toHaveLength(1);
  });

  test('after a poll that was killed is tried again: the server may not have noticed yet', async () => {
    await using server = await serveTwo();
    await using ferry = await Ferry.to(server.address);
    await ferry.ledger.openPoll();
    const other = await greetedClient(server.address);
    await other.logIn();
    const report = ferry.poll();
    await expect.poll(() => ferry.lines.some((line) => line.includes('[IN-USE]'))).toBe(true);
    await other[Symbol.asyncDispose]();
    expect(await report).toMatchObject({ outcome: 'ok', fetched: 2, error: null });
  });

  test('is not waited for when the poll is to stop', async () => {
    await using server = await serveTwo();
    await using ferry = await Ferry.to(server.address);
    await ferry.ledger.openPoll();
    await using other = await greetedClient(server.address);
    await other.logIn();
    const stop = new AbortController();
    const report = ferry.poll({}, { stop: stop.signal });
    await expect.poll(() => ferry.lines.some((line) => line.includes('[IN-USE]'))).toBe(true);
    stop.abort();
    expect(['aborted', 'maildrop-busy']).toContain((await report).error?.code);
  });
});
