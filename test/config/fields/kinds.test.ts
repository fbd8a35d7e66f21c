import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { onDemand } from '../../../src/config/fields/kinds.ts';
import { readMapping } from '../../../src/config/reading.ts';

test('the check of a key is made when the key is read, and once for all mappings', () => {
  const make = { one: vi.fn(() => z.string()), other: vi.fn(() => z.number()) };
  const fields = onDemand<{ one: string; other: number }>(make);
  expect(readMapping(fields, {}).values).toEqual({});
  expect(make.one).not.toHaveBeenCalled();
  for (const written of ['a', 'b'])
    expect(readMapping(fields, { one: written }).values).toEqual({ one: written });
  expect(make.one).toHaveBeenCalledTimes(1);
  expect(make.other).not.toHaveBeenCalled();
  expect(Object.keys(fields)).toEqual(['one', 'other']);
});
