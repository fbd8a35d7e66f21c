import { cp, rm } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Pop3Server } from '../../../src/pop3-server/index.ts';
import { Ferry, type FerryOptions, mail } from '../ferry.ts';

/** What a ledger does not know that was put back. */
export const CARRIED_SINCE: readonly string[] = [mail('two'), mail('three')];

/** What is there is carried; then the ledger is saved, `CARRIED_SINCE` is carried, and the ledger is put back. */
export async function putBack(server: Pop3Server, options: FerryOptions = {}): Promise<Ferry> {
  const ferry = await Ferry.to(server.address, options);
  await ferry.poll();
  await ferry.restart(() => cp(ferry.folder.at('state'), ferry.folder.at('backup'), { recursive: true }));
  for (const message of CARRIED_SINCE) server.maildrop('alice').add(message);
  expect(await ferry.poll()).toMatchObject({ fetched: CARRIED_SINCE.length });
  await ferry.restart(async () => {
    await rm(ferry.folder.at('state'), { recursive: true });
    await cp(ferry.folder.at('backup'), ferry.folder.at('state'), {
      recursive: true,
      preserveTimestamps: true,
    });
  });
  return ferry;
}
