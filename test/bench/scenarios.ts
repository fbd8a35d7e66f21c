import type { Mix } from './mail.ts';

export interface Scenario {
  /** The letter in docs/performance.md, with what tells several of them apart. */
  readonly name: string;
  readonly title: string;
  readonly accounts: number;
  readonly messages: number;
  readonly mix: Mix;
  /** A round trip in milliseconds; 0 is the loopback. */
  readonly roundTrip: number;
  /** Polled once before, so that nothing is new; the mail stays on the server. */
  readonly seen?: boolean;
  /** Only told that all was carried already, for Mailferry. */
  readonly adopted?: boolean;
  readonly tls?: boolean;
  /** How much longer each fsync takes, in milliseconds. */
  readonly fsyncDelay?: number;
  /** Who takes part besides Mailferry; those that need minutes only in the whole run. */
  readonly peers: readonly string[];
  readonly slowPeers?: readonly string[];
  /** In how many rounds the programs alternate. */
  readonly rounds: number;
}

const FAST = ['mpop', 'fdm'];

/** `quick`: small ones. Programs alternate in `rounds`. */
export function scenarios(quick: boolean, rounds: number): Scenario[] {
  const size = (whole: number, small: number): number => (quick ? small : whole);
  const one = { accounts: 1, roundTrip: 0, rounds };
  return [
    {
      ...one,
      name: 'a',
      title: 'fetch and delete small messages (2 KB)',
      messages: size(10_000, 2000),
      mix: 'small',
      peers: ['mpop'],
      slowPeers: ['fdm', 'fetchmail'],
    },
    {
      ...one,
      name: 'b',
      title: 'fetch and delete typical messages (median 12 KB, mean 60 KB)',
      messages: size(2000, 400),
      mix: 'typical',
      peers: FAST,
      slowPeers: ['fetchmail', 'getmail6'],
    },
    {
      ...one,
      name: 'c20',
      title: 'fetch and delete over a round trip of 20 ms',
      messages: size(1000, 300),
      mix: 'small',
      roundTrip: 20,
      peers: ['mpop'],
      slowPeers: ['fdm'],
    },
    {
      ...one,
      name: 'c100',
      title: 'fetch and delete over a round trip of 100 ms',
      messages: size(300, 100),
      mix: 'small',
      roundTrip: 100,
      peers: ['mpop'],
      slowPeers: ['fdm'],
    },
    {
      ...one,
      name: 'd',
      title: 'poll a maildrop in which nothing is new, over a round trip of 20 ms',
      messages: size(20_000, 3000),
      mix: 'small',
      roundTrip: 20,
      seen: true,
      peers: FAST,
      slowPeers: ['fetchmail'],
      rounds: rounds + 2,
    },
    {
      ...one,
      name: 'e5',
      title: 'many accounts with 5 messages each, over a round trip of 20 ms',
      accounts: size(200, 40),
      messages: 5,
      mix: 'small',
      roundTrip: 20,
      peers: FAST,
    },
    {
      ...one,
      name: 'e0',
      title: 'many accounts in which nothing is new, over a round trip of 20 ms',
      accounts: size(1000, 100),
      messages: 0,
      mix: 'small',
      roundTrip: 20,
      seen: true,
      peers: FAST,
    },
    {
      ...one,
      name: 'f',
      title: 'one large message',
      messages: 1,
      mix: { octets: size(1000, 100) * 1_000_000 },
      peers: ['mpop'],
    },
    {
      ...one,
      name: 'g',
      title: 'b over TLS',
      messages: size(2000, 400),
      mix: 'typical',
      tls: true,
      peers: FAST,
    },
    ...[size(1000, 500), size(10_000, 3000), size(100_000, 10_000)].map((messages) => ({
      ...one,
      name: `h${messages}`,
      title: `first poll after adopting ${messages} listed messages`,
      messages,
      mix: 'small' as const,
      seen: true,
      adopted: true,
      peers: [],
    })),
    {
      ...one,
      name: 'i',
      title: 'fetch and delete on a slow disk: each fsync takes 10 ms more',
      messages: size(2000, 300),
      mix: 'small',
      fsyncDelay: 10,
      peers: ['mpop'],
      slowPeers: ['fdm'],
    },
    {
      ...one,
      name: 'j',
      title: 'processor time of fetching and deleting messages of 12 KB',
      messages: size(5000, 500),
      mix: { octets: 12 * 1024 },
      peers: FAST,
    },
  ];
}
