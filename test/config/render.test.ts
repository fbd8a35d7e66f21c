import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDocument } from '../../src/config/document.ts';
import { renderConfiguration, yamlValue } from '../../src/config/render.ts';
import { propertyRuns } from '../support/property-runs.ts';

function read(text: string): unknown {
  return readDocument(text, (problem) => expect.unreachable(problem.message))?.value;
}

describe('a configuration that is written', () => {
  test('reads as what was meant, whatever the values and the comments hold', () => {
    const key = fc.constantFrom('host', 'user', 'delete', 'n', 'true', '~', 'a b');
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.string()),
      fc.record({ type: fc.string(), path: fc.string() }),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, value), { selector: ([it]) => it, minLength: 1 }),
        fc.string(),
        (pairs, comment) => {
          const text = renderConfiguration({
            comments: [comment],
            keys: [],
            accounts: [
              {
                name: 'me',
                comments: [comment],
                keys: pairs.map(([it, inner]) => ({ key: yamlValue(it), value: inner, note: comment })),
              },
            ],
          });
          expect(read(text)).toEqual({ accounts: { me: Object.fromEntries(pairs) } });
        },
      ),
      propertyRuns(200),
    );
  });

  test('has what is open and what is disabled as comments', () => {
    const keys = [
      { key: 'host', value: 'h' },
      { key: 'deliver', value: undefined, note: 'say where' },
    ];
    const text = renderConfiguration({
      comments: ['One.', 'Two.'],
      keys: [{ key: 'stateDir', value: '/state' }],
      accounts: [
        { name: 'a', comments: ['Why.'], keys },
        { name: 'b', comments: [], keys, disabled: 'Off.' },
      ],
    });
    expect(text).toBe(`# One.
# Two.

stateDir: /state

accounts:
  a:
    # Why.
    host: h
    # deliver: say where

  # Off.
  # b:
  #   host: h
  #   # deliver: say where
`);
  });
});
