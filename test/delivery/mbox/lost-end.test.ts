import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { lostWithEnd } from '../../../src/delivery/mbox/cut.ts';
import { lostBehindEnd } from '../../../src/delivery/mbox/lost-end.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test.each([lostWithEnd, lostBehindEnd])(
  'I1: an mbox that cannot be opened is not taken for one that has lost nothing with its end (%o)',
  async (lostOf) => {
    await using folder = await temporaryFolder();
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', folder.at('box')]);
    const lost = lostOf(`mbox:${folder.at('box')}`, new Set([1]), { arrivals: () => [] });
    await expect(lost).rejects.toMatchObject({ code: 'destination-unusable' });
    const none = await lostOf(`mbox:${folder.at('gone')}`, new Set([1]), { arrivals: () => [] });
    expect(none.size).toBe(0);
  },
);
