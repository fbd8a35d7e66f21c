import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { Ferry, mail, storedAll } from './ferry.ts';
import { NUMBERS, takeAway } from './odd-server.ts';

const DAY_MS = 86_400_000;
const AFTER = { deletion: { kind: 'after', milliseconds: 2 * DAY_MS } } as const;
const [ONE, TWO] = [mail('one'), mail('two')];

describe('what may not be the message that is here, before it is deleted,', () => {
  test('is compared also under a number that another record has as well', async () => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [ONE, TWO] } },
    });
    server.setFaults(NUMBERS);
    await using ferry = await Ferry.to(server.address, { account: AFTER });
    await ferry.poll();
    await ferry.restart(() => rm(ferry.folder.at('state'), { recursive: true }));
    await ferry.poll();
    await takeAway(server);
    await ferry.poll();
    ferry.runtime.advance(2 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, deleted: 1 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
    expect(server.maildrop('alice').messages).toEqual([]);
  });
});
