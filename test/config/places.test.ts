import { describe, expect, it } from 'vitest';
import { absolutePath, defaultStateFolder, searchPlaces } from '../../src/config/places.ts';

const AROUND = { env: {}, cwd: '/here', home: '/home/me' };

describe('searchPlaces', () => {
  it('looks in the current folder, then in that of the user, then in that of the system', () => {
    expect(searchPlaces(AROUND)).toEqual([
      { path: '/here/mailferry.yaml', inCurrentFolder: true },
      { path: '/here/mailferry.yml', inCurrentFolder: true },
      { path: '/here/mailferry.json', inCurrentFolder: true },
      { path: '/home/me/.config/mailferry/config.yaml', inCurrentFolder: false },
      { path: '/etc/mailferry/config.yaml', inCurrentFolder: false },
    ]);
  });

  it.each([
    ['/xdg', '/xdg/mailferry/config.yaml'],
    ['relative', '/home/me/.config/mailferry/config.yaml'],
    ['', '/home/me/.config/mailferry/config.yaml'],
  ])('with XDG_CONFIG_HOME=%s looks for %s', (folder, expected) => {
    const places = searchPlaces({ ...AROUND, env: { XDG_CONFIG_HOME: folder } }).map(({ path }) => path);
    expect(places[3]).toBe(expected);
  });
});

describe('absolutePath', () => {
  it.each([
    ['mail', '/conf/mail'],
    ['./mail/', '/conf/mail'],
    ['../mail', '/mail'],
    ['/mail', '/mail'],
    ['~', '/home/me'],
    ['~/mail', '/home/me/mail'],
    ['./~/mail', '/conf/~/mail'],
  ])('takes %s for %s', (written, expected) => {
    expect(absolutePath(written, '/conf', '/home/me')).toBe(expected);
  });
});

describe('defaultStateFolder', () => {
  it('does not take an empty or relative folder for one', () => {
    expect(defaultStateFolder({ STATE_DIRECTORY: '', XDG_STATE_HOME: 'x' }, '/home/me')).toBe(
      '/home/me/.local/state/mailferry',
    );
  });
});
