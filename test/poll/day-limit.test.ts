import { describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { Ferry, mail } from './ferry.ts';
import { DAY_MS } from './policies.ts';

const LIMITS = { messageOctets: undefined, messagesPerPoll: undefined, octetsPerPoll: undefined };

const messages = ['a', 'b', 'c', 'd', 'e'].map((name) => mail(name, name.repeat(1000)));
const users = { alice: { password: 'secret', messages } };

describe('a limit for one day', () => {
  it('ends the carrying of mail in whichever poll it is reached, and the next day goes on', async () => {
    await using server = await createServer({ users });
    const limits = { ...LIMITS, octetsPerDay: 2500 };
    await using ferry = await Ferry.to(server.address, { account: { limits } });

    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 3, skipped: 2 });
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0, skipped: 2 });
    ferry.runtime.advance(DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 2, skipped: 0 });
    expect(await ferry.mail()).toHaveLength(5);
  });

  it('does not keep what is safe from being deleted', async () => {
    await using server = await createServer({ users });
    const limits = { ...LIMITS, octetsPerDay: 1 };
    await using ferry = await Ferry.to(server.address, { account: { limits } });
    await ferry.poll();
    expect(await ferry.poll({ deletion: { kind: 'after-delivery' } })).toMatchObject({
      fetched: 0,
      deleted: 1,
    });
  });
});
