import type { Rfc } from '../requirement.ts';
import { rfc1939 } from './rfc1939.ts';
import { rfc2384 } from './rfc2384.ts';
import { rfc2449 } from './rfc2449.ts';
import { rfc2595 } from './rfc2595.ts';
import { rfc3206 } from './rfc3206.ts';
import { rfc5034 } from './rfc5034.ts';
import { rfc6856 } from './rfc6856.ts';
import { rfc8314 } from './rfc8314.ts';
import { rfc4616, rfc5802, rfc7628 } from './sasl.ts';

export const RFCS: readonly Rfc[] = [
  rfc1939,
  rfc2449,
  rfc2595,
  rfc5034,
  rfc4616,
  rfc5802,
  rfc7628,
  rfc3206,
  rfc6856,
  rfc2384,
  rfc8314,
];
