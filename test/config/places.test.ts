import { describe, expect, it } from 'vitest';
import {
  absolutePath,
  defaultStateFolder,
  isUserConfiguration,
  searchPlaces,
  userConfigurationPath,
} from '../../src/config/places.ts';

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

describe('where there is no home folder', () => {
  const nowhere = { ...AROUND, home: undefined };
  const hint = expect.stringContaining('Set HOME');

  it('all that does not need one is found', () => {
    expect(searchPlaces(nowhere).map(({ path }) => path)).toEqual([
      '/here/mailferry.yaml',
      '/here/mailferry.yml',
      '/here/mailferry.json',
      '/etc/mailferry/config.yaml',
    ]);
    expect(searchPlaces({ ...nowhere, env: { XDG_CONFIG_HOME: '/xdg' } })).toHaveLength(5);
    expect(absolutePath('mail', '/conf', undefined)).toBe('/conf/mail');
    expect(defaultStateFolder({ STATE_DIRECTORY: '/state' }, undefined)).toBe('/state');
    expect(isUserConfiguration('/etc/mailferry/config.yaml', {}, undefined)).toBe(false);
  });

  it.each([
    ['~/', () => absolutePath('~/mail', '/conf', undefined)],
    ['the state folder', () => defaultStateFolder({}, undefined)],
    ['the configuration of a user', () => userConfigurationPath({}, undefined)],
  ])('%s cannot be told, and what to do is', (_, find) => {
    const error = (() => {
      try {
        return find();
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'config', hint });
  });
});

describe('defaultStateFolder', () => {
  it('does not take an empty or relative folder for one', () => {
    expect(defaultStateFolder({ STATE_DIRECTORY: '', XDG_STATE_HOME: 'x' }, '/home/me')).toBe(
      '/home/me/.local/state/mailferry',
    );
  });
});
