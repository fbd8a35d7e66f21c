import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { PERSONALITIES, parseFaults } from '../../src/pop3-server/index.ts';

const EXAMPLES = join(import.meta.dirname, 'examples');
const page = readFileSync(join(import.meta.dirname, '../../docs/server.md'), 'utf8');

/** An example as the page shows it: by the names that the package has. */
function asShown(file: string): string {
  return readFileSync(join(EXAMPLES, file), 'utf8')
    .replaceAll('../../../src/pop3-server/index.ts', 'mailferry/server')
    .replaceAll('../../../src/pop3-client/index.ts', 'mailferry/client');
}

describe('docs/server.md', () => {
  const files = readdirSync(EXAMPLES);
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);

  test('shows the examples in this folder, which are compiled and run, and no others', () => {
    expect(new Set(blocks)).toEqual(new Set(files.map(asShown)));
  });

  test.each(files.filter((file) => !file.endsWith('.test.ts')))('the example %s runs', async (file) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    await import(join(EXAMPLES, file));
    expect(log).toHaveBeenCalledWith(
      ...log.mock.calls[0]!.map(() => ({ host: '127.0.0.1', port: expect.any(Number) as number })),
    );
    log.mockRestore();
  });

  test('names every fault and every personality', () => {
    for (const name of Object.keys(PERSONALITIES)) expect(page).toContain(`| \`${name}\` |`);
    const known = /one of (.*)\./.exec(thrownBy(() => parseFaults([{ do: 'x' }])))?.[1] ?? '';
    for (const [, name] of known.matchAll(/"([^"]+)"/g)) expect(page).toContain(`| \`${name}\` |`);
  });
});

function thrownBy(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return String(error);
  }
  return '';
}
