import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { SMALLEST_CONFIGURATION } from '../../src/config/smallest.ts';
import { parse } from './fixtures.ts';

const FOLDER = fileURLToPath(new URL('../../examples/', import.meta.url));
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

function read(name: string): string {
  return readFileSync(FOLDER + name, 'utf8');
}

describe('each example', () => {
  it.each(FILES)('%s is a right configuration without a password in it', async (name) => {
    await expect(parse(read(name), { openToOthers: true })).resolves.toMatchObject({
      accounts: expect.any(Array),
    });
  });

  it.each(FILES)('%s is named in the README and points editors to the schema', (name) => {
    expect(read('README.md')).toContain(`[${name}](${name})`);
    expect(read(name)).toMatch(/^# yaml-language-server: \$schema=\.\.\/docs\/mailferry\.schema\.json\n/);
  });
});

describe('the minimal example', () => {
  it('is the configuration that is shown to who has none, with comments', () => {
    expect(parseYaml(read('minimal.yaml'))).toEqual(parseYaml(SMALLEST_CONFIGURATION));
  });
});

describe('the example of several accounts', () => {
  it('means what its comments say', async () => {
    const { accounts, concurrency } = await parse(read('several-accounts.yaml'));
    expect(concurrency).toEqual({ accounts: 3, perHost: 1 });
    const deletions = accounts.map(({ account }) => [account.name, account.deletion.kind]);
    expect(deletions).toEqual([
      ['private', 'after'],
      ['work', 'after'],
      ['club', 'never'],
      ['archive', 'after-delivery'],
      ['scanner', 'after-delivery'],
    ]);
    const archive = accounts.find(({ account }) => account.name === 'archive');
    expect(archive?.account.destinations).toHaveLength(2);
    expect(archive?.account.limits.messageOctets).toBe(1_000_000_000);
    const work = accounts.find(({ account }) => account.name === 'work');
    expect(work?.schedule.next(new Date('2026-03-06T19:00:00Z')).toISOString()).toBe(
      '2026-03-09T06:00:00.000Z',
    );
  });
});
