import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** Every module that is loaded with this one, and every package. */
function loadedWith(entry: string): { modules: Set<string>; packages: Set<string> } {
  const modules = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (modules.has(path)) return;
    modules.add(path);
    const imports = readFileSync(path, 'utf8').matchAll(
      /^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms,
    );
    for (const [, specifier = ''] of imports) {
      if (specifier.startsWith('.')) visit(join(dirname(path), specifier));
      else if (!specifier.startsWith('node:')) packages.add(specifier);
    }
  };
  visit(entry);
  return { modules, packages };
}

test.each(['client', 'server'])(
  'mailferry/%s loads no package, and nothing of the rest of the program',
  (side) => {
    const { modules, packages } = loadedWith(`src/pop3-${side}/index.ts`);
    expect([...packages]).toEqual([]);
    expect(modules.size).toBeGreaterThan(20);
    const own = new RegExp(`^src/(pop3-${side}|pop3|sasl|wire)/|^src/[a-z]+\\.ts$`);
    expect([...modules].filter((path) => !own.test(path))).toEqual([]);
  },
);
