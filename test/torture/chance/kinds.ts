import type { Faults } from '../../../src/pop3-server/index.ts';
import type { Interruption } from '../interruption.ts';
import type { Kind, Story } from './story.ts';

type Troubles = Kind['troubles'];

/** More octets than a session of these stories has, and more calls. */
const SESSION_OCTETS = 6000;
const CALLS = 260;

const HOWS: readonly Interruption['how'][] = ['kill', 'kill', 'torn', 'full', 'short', 'fsync'];
const REFUSED = ['RETR', 'DELE', 'LIST', 'UIDL', 'TOP', 'STAT', 'QUIT', 'LOGIN'] as const;

function polling(faults: (story: Story) => Faults): (story: Story) => Promise<unknown> {
  return (story) => story.poll(faults(story));
}

/** Something is done, and then polled. */
function thenPoll(act: (story: Story) => unknown): (story: Story) => Promise<unknown> {
  return async (story) => {
    await act(story);
    return story.poll();
  };
}

/** The same after a poll. */
function afterPoll(act: (story: Story) => unknown): (story: Story) => Promise<unknown> {
  const acted = thenPoll(act);
  return async (story) => {
    await story.poll();
    return acted(story);
  };
}

/** As `afterPoll`, with a kill of the poll that finds out. */
function lossAndKill(lose: (story: Story) => Promise<unknown>): (story: Story) => Promise<unknown> {
  return afterPoll(async (story) => {
    await lose(story);
    await story.interrupted({ how: 'kill', at: 1 + story.below(CALLS) });
  });
}

const HONEST: Troubles = [
  ['a poll', (story) => story.poll()],
  ['two polls', async (story) => [await story.poll(), await story.poll()]],
];

const CRASHES: Troubles = HOWS.map((how) => [
  how,
  (story) => story.interrupted({ how, at: 1 + story.below(CALLS) }),
]);

const CUTS: Troubles = [true, false].map((commit) => [
  commit ? 'cut, deletions committed' : 'cut, deletions forgotten',
  polling((story) => [{ do: 'cut', afterOctets: story.below(SESSION_OCTETS), commit, sessions: 1 }]),
]);

/** A cut of fewer octets may be the way in which a server counts (SECURITY.md). */
const NOTED_OCTETS = 70;

/** Once in a story: what comes short again and again is a habit of the server. */
const SHORTENED: Troubles = [
  [
    'shortened',
    polling((story) => {
      const message = story.hasShortened ? undefined : story.someMessage();
      if (message === undefined) return [];
      const { number, octets } = message;
      if (octets <= NOTED_OCTETS) return [];
      story.hasShortened = true;
      const left = story.below(octets - NOTED_OCTETS);
      return [{ do: 'shorten', command: 'RETR', messages: [number], octets: left }];
    }),
  ],
];

const SIZES: Troubles = [
  ['sizes by a factor', polling((story) => [{ do: 'sizes', factor: story.pick([0, 0.5, 0.98, 1.1, 2]) }])],
  ['sizes by some octets', polling((story) => [{ do: 'sizes', offset: story.below(400) - 200 }])],
];

const WHIMS: Troubles = [
  [
    'refused',
    polling((story) => {
      const command = story.pick(REFUSED);
      const code = story.pick(['SYS/TEMP', 'SYS/PERM', 'IN-USE', undefined]);
      return [{ do: 'refuse', command, code, nth: story.pick([1, 1, 2]) }];
    }),
  ],
  ['without TOP', polling(() => [{ do: 'hide', names: ['TOP'] }])],
  ['without PIPELINING', polling(() => [{ do: 'hide', names: ['PIPELINING'] }])],
];

const RENUMBERED: Troubles = [
  ['other unique-ids', thenPoll((story) => (story.prefix = `n${story.below(1e6)}-`))],
];

const OTHERS: Troubles = [
  ['removed by another client', thenPoll((story) => story.removeSome())],
  ['read', thenPoll((story) => story.readMail())],
];

/**
 * Not before a poll that went well: what a kill leaves in one of two destinations is there for all that anybody can tell
 * without the ledger (SECURITY.md).
 */
const LOSSES: Troubles = [
  ['ledger lost', afterPoll((story) => story.loseLedger())],
  ['ledger saved', thenPoll((story) => story.saveLedger())],
  ['ledger put back', afterPoll((story) => story.putLedgerBack())],
  ['ledger lost, and the next poll killed', lossAndKill((story) => story.loseLedger())],
  ['ledger put back, and the next poll killed', lossAndKill((story) => story.putLedgerBack())],
];

const NATURES: Faults = [
  { do: 'hide', names: ['TOP'] },
  { do: 'hide', names: ['PIPELINING'] },
];

const WITHOUT_UNIQUE_IDS: Faults = [{ do: 'hide', names: ['UIDL'] }];

/** What may come together without any message being stored twice, and all of it, where none may be lost. */
const ALONE: readonly Kind[] = [
  {
    name: 'a bad disk and a bad line',
    troubles: [...HONEST, ...CRASHES, ...CUTS, ...OTHERS],
    natures: NATURES,
    equals: true,
    once: true,
  },
  {
    name: 'a server with whims, which shortens a message',
    troubles: [...HONEST, ...CUTS, ...WHIMS, ...SHORTENED, ...OTHERS],
    natures: [...NATURES, ...WITHOUT_UNIQUE_IDS],
    equals: false,
    once: true,
  },
  {
    name: 'a server with whims, whose sizes are wrong',
    troubles: [...HONEST, ...CUTS, ...WHIMS, ...SIZES, ...OTHERS],
    natures: [...NATURES, ...WITHOUT_UNIQUE_IDS],
    equals: false,
    once: true,
  },
  {
    name: 'a server that changes its unique-ids',
    troubles: [...HONEST, ...RENUMBERED, ...OTHERS],
    natures: NATURES,
    equals: false,
    once: true,
  },
  {
    name: 'numbers as unique-ids, of mail of one size',
    troubles: [...HONEST, ...CUTS, ...OTHERS, ...OTHERS],
    natures: NATURES,
    equals: false,
    once: true,
    numbered: true,
  },
  {
    name: 'numbers as unique-ids, and a bad disk',
    troubles: [...HONEST, ...CUTS, ...CRASHES, ...OTHERS, ...OTHERS],
    natures: NATURES,
    equals: false,
    once: true,
    numbered: true,
  },
  {
    name: 'lost ledgers',
    troubles: [...HONEST, ...LOSSES, ...OTHERS],
    natures: NATURES,
    equals: false,
    once: true,
  },
  {
    name: 'all of it',
    troubles: [...HONEST, ...CRASHES, ...CUTS, ...WHIMS, ...SIZES, ...RENUMBERED, ...OTHERS, ...LOSSES],
    natures: [...NATURES, ...WITHOUT_UNIQUE_IDS],
    equals: false,
    once: false,
  },
];

/** Those whose troubles do not speak of one maildrop only: a shortened message has its number there, and a size is a habit. */
const ALSO_TOGETHER: ReadonlySet<string> = new Set([
  'a bad disk and a bad line',
  'a server that changes its unique-ids',
  'lost ledgers',
  'all of it',
]);

const TOGETHER: readonly Kind[] = ALONE.filter(({ name }) => ALSO_TOGETHER.has(name)).map((kind) => ({
  ...kind,
  name: `two accounts and one place: ${kind.name}`,
  neighbour: true,
}));

export const KINDS: readonly Kind[] = [...ALONE, ...TOGETHER];
