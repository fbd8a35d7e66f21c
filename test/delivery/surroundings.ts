import type { DestinationSurroundings } from '../../src/delivery/open-destination.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';

/** What surrounds a destination of which nothing is recorded. */
export function surroundings(): DestinationSurroundings {
  return {
    runtime: new FakeRuntime(),
    account: 'me',
    intend: () => Promise.resolve(),
    takeUnfinished: () => [],
    recordedAt: () => [],
    recordedAs: () => [],
    spoolFolder: '/nowhere',
    usedBefore: false,
  };
}
