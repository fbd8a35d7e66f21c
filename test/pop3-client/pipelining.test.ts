import { describe, expect, test } from 'vitest';
import type { MessageNumber } from '../../src/pop3/types.ts';
import { rawPeer } from '../support/raw-peer.ts';
import { serverWith, sessionWith } from './pipelining-peer.ts';

const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe('commands that do not wait for each other', () => {
  test('keep their order when one of them cannot be said', async () => {
    await using peer = await serverWith('PIPELINING', async (line) => {
      for (const command of ['NOOP', 'STAT']) expect(await line.line()).toBe(command);
      await line.send('+OK\r\n+OK 1 20\r\n');
      await line.line();
    });
    const session = await sessionWith(peer);
    const noop = session.noop();
    const unsayable = session.retr('1\r\nDELE 1' as unknown as MessageNumber);
    const stat = session.stat();
    await expect(unsayable).rejects.toMatchObject({ code: 'config' });
    await noop;
    expect(await stat).toEqual({ messages: 1, octets: 20 });
    await session.close();
  });

  // RFC 2449 §6.6 [client-pipelining]
  test.each([
    ['with PIPELINING', 'PIPELINING'],
    ['without', 'TOP'],
  ])('take nothing that nobody has asked for as the answer to the next one, %s', async (_, capability) => {
    await using peer = await serverWith(capability, async (line) => {
      await line.line();
      await line.send('+OK\r\n-ERR Disconnected for inactivity\r\n');
      await line.line();
      await line.send('-ERR some could not be deleted\r\n');
    });
    const session = await sessionWith(peer);
    await session.noop();
    await expect(session.quit()).rejects.toMatchObject({ code: 'protocol' });
    expect(session.broken?.message).toContain('unasked before QUIT: "-ERR Disconnected for inactivity".');
  });

  test('stay in lock-step where that was asked for, whatever CAPA says later', async () => {
    await using peer = await serverWith('PIPELINING', async (line) => {
      expect(await line.line()).toBe('CAPA');
      await line.send('+OK\r\nPIPELINING\r\n.\r\n');
    });
    const session = await sessionWith(peer);
    expect([session.lockStep, session.pipelining]).toEqual([false, true]);
    const asked = session.capa();
    session.lockStep = true;
    await asked;
    expect([session.lockStep, session.pipelining]).toEqual([true, false]);
    session.lockStep = false;
    expect(session.pipelining).toBe(true);
    await session.close();
  });

  test('go out at once where PIPELINING is announced, and get each its own reply', async () => {
    await using peer = await serverWith('PIPELINING', async (line) => {
      for (const command of ['STAT', 'LIST', 'NOOP']) expect(await line.line()).toBe(command);
      await line.send('+OK 1 20\r\n+OK\r\n1 20\r\n.\r\n-ERR not now\r\n');
      await line.line();
    });
    const session = await sessionWith(peer);
    const [stat, list, noop] = await Promise.allSettled([session.stat(), session.list(), session.noop()]);
    expect(stat).toMatchObject({ value: { messages: 1, octets: 20 } });
    expect(list).toMatchObject({ value: [{ number: 1, octets: 20 }] });
    expect(noop).toMatchObject({ status: 'rejected' });
    await session.close();
  });

  test('go along with the CAPA after the login for whoever asks for that, and what it says counts then', async () => {
    await using peer = await rawPeer(async (line) => {
      await line.send('+OK ready\r\n');
      for (const command of ['CAPA', 'USER alice', 'PASS secret']) {
        expect(await line.line()).toBe(command);
        await line.send(
          command === 'CAPA' ? '+OK\r\nUSER\r\nPIPELINING\r\nLOGIN-DELAY 60\r\n.\r\n' : '+OK\r\n',
        );
      }
      for (const command of ['CAPA', 'STAT']) expect(await line.line()).toBe(command);
      await line.send('+OK\r\nPIPELINING\r\nLOGIN-DELAY 900\r\n.\r\n+OK 1 20\r\n');
      await line.line();
    });
    const session = await sessionWith(peer, { ahead: true });
    expect([session.pipelining, session.loginDelay]).toEqual([true, 60]);
    expect(await session.stat()).toEqual({ messages: 1, octets: 20 });
    expect([session.pipelining, session.loginDelay]).toEqual([true, 900]);
    await session.close();
  });

  test('wait for the CAPA after the login where PIPELINING was not announced before it', async () => {
    await using peer = await serverWith('TOP', async (line) => {
      expect(await line.line()).toBe('STAT');
      await line.send('+OK 1 20\r\n');
    });
    const session = await sessionWith(peer, { ahead: true });
    expect(session.pipelining).toBe(false);
    expect(await session.stat()).toEqual({ messages: 1, octets: 20 });
    await session.close();
  });

  test('fail with the CAPA that they went along with', async () => {
    await using peer = await rawPeer(async (line) => {
      await line.send('+OK ready\r\n');
      for (const command of ['CAPA', 'USER alice', 'PASS secret', 'CAPA']) {
        expect(await line.line()).toBe(command);
        const nth = command === 'CAPA' ? '+OK\r\nUSER\r\nPIPELINING\r\n.\r\n' : '+OK\r\n';
        if (line.received.split('CAPA').length < 3) await line.send(nth);
      }
      await line.send('what?\r\n');
    });
    const session = await sessionWith(peer, { ahead: true });
    await expect(session.stat()).rejects.toMatchObject({ code: 'protocol' });
    await session.close();
  });

  // RFC 2449 §6.6 [client-pipelining]
  test('go out one by one where it is not', async () => {
    const early: string[] = [];
    await using peer = await serverWith('TOP', async (line) => {
      for (const reply of ['+OK 1 20\r\n', '+OK\r\n1 20\r\n.\r\n', '+OK\r\n']) {
        await line.line();
        const before = line.received;
        await moment();
        early.push(line.received.slice(before.length));
        await line.send(reply);
      }
    });
    const session = await sessionWith(peer);
    await Promise.all([session.stat(), session.list(), session.noop()]);
    expect(early).toEqual(['', '', '']);
    await session.close();
  });

  test('all fail with the one reason when the line is lost', async () => {
    await using peer = await serverWith('PIPELINING', async (line) => {
      await line.line();
      await line.send('+OK 1 20\r\n');
    });
    const session = await sessionWith(peer);
    const results = await Promise.allSettled([session.stat(), session.list(), session.noop()]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    const reasons = results.map((result) =>
      result.status === 'rejected' ? (result.reason as unknown) : undefined,
    );
    expect(reasons[1]).toBe(session.broken);
    expect(reasons[2]).toBe(session.broken);
    await session.close();
  });
});
