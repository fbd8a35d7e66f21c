import { spawnSync } from 'node:child_process';

function setLimit(octets: number | 'unlimited'): boolean {
  const flags = ['--pid', String(process.pid), `--fsize=${octets}:unlimited`];
  return spawnSync('prlimit', flags).status === 0;
}

/**
 * Runs `act` while no file of this process can become larger than so many octets: a disk that fills up, without
 * a disk. Undefined where this system cannot do that (it needs prlimit of util-linux, and Node ignores the signal).
 */
export const withFileSizeLimit: ((octets: number, act: () => Promise<void>) => Promise<void>) | undefined =
  setLimit('unlimited')
    ? async (octets, act) => {
        setLimit(octets);
        try {
          await act();
        } finally {
          setLimit('unlimited');
        }
      }
    : undefined;
