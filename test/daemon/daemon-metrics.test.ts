import { expect, test } from 'vitest';
import type { AfterMail } from '../../src/config/configuration.ts';
import { daemonMetrics, PollCounts } from '../../src/daemon/daemon-metrics.ts';
import { MailError } from '../../src/errors.ts';
import { renderMetrics } from '../../src/observe/metrics.ts';
import { configured, Harness } from './harness.ts';

const FACTS = { version: '1.2.3', startedAt: 0, residentOctets: 0, loopDelaySeconds: 0 };

const FAILING: AfterMail = {
  command: 'x',
  folder: '/',
  env: {},
  limitMs: 1000,
  run: () => Promise.reject(new MailError('after-mail-failed', 'It failed.', { hint: 'Look.' })),
};

test('the metrics of an account tell that its command after mail fails, though its mail is carried', async () => {
  await using ferry = await Harness.of([configured('a', { afterMail: FAILING }), configured('b')]);
  ferry.mail = (account) => (account === 'a' ? 2 : 0);
  await ferry.pass(1000);
  const lines = renderMetrics(daemonMetrics(ferry.daemon, new PollCounts(), FACTS)).split('\n');
  expect(lines).toContain('mailferry_account_up{account="a"} 1');
  expect(lines.filter((line) => line.startsWith('mailferry_after_mail_'))).toEqual([
    'mailferry_after_mail_failures{account="a"} 1',
    'mailferry_after_mail_waiting_messages{account="a"} 2',
  ]);
});
