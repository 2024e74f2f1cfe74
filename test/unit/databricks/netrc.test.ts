import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findMachine, netrcFiles } from '../../../src/databricks/config/netrc.ts';
import { readSettings } from '../../../src/databricks/config/settings.ts';
import { temporaryDirectory } from '../../support/scripted-api.ts';

const me = { login: 'me', password: 'pw' };

test.for<[what: string, text: string, found: object | undefined]>([
  ['one line', 'machine w.test login me password pw', me],
  ['several lines', 'machine w.test\n\tlogin me\n\tpassword pw\n', me],
  ['Windows line ends', 'machine w.test\r\nlogin me\r\npassword pw\r\n', me],
  ['a name in another case', 'machine W.Test login me password pw', me],
  ['another host', 'machine other.test login me password pw', undefined],
  ['the second of two', 'machine other.test login x password y\nmachine w.test login me password pw', me],
  ['the first of two for the same host', 'machine w.test login me password pw machine w.test login x password y', me],
  ['a default after it', 'machine w.test login me password pw\ndefault login x password y', me],
  ['a default before it', 'default login x password y\nmachine w.test login me password pw', me],
  ['the default for others', 'machine other.test login x password y\ndefault login me password pw', me],
  ['user for login, as some write it', 'machine w.test user me password pw', me],
  ['an account, which nobody needs', 'machine w.test account a login me password pw', me],
  ['comments', '# machine w.test login x\nmachine w.test # the one\nlogin me password pw # that', me],
  ['a password with the sign of comments', 'machine w.test login me password #p#w', { login: 'me', password: '#p#w' }],
  ['a quoted password', 'machine w.test login "me" password "p w\\"\\\\"', { login: 'me', password: 'p w"\\' }],
  ['a quoted password with the line ends and tabs of curl', 'machine w.test login me password "a\\nb\\tc\\rd\\e\\\\n"', { login: 'me', password: 'a\nb\tc\rde\\n' }],
  ['a password that is a keyword', 'machine w.test login login password password', { login: 'login', password: 'password' }],
  ['a machine that is called default', 'machine default login x password y', undefined],
  ['a machine with a name of JavaScript', 'machine __proto__ login x password y', undefined],
  ['a macro', 'macdef init\nmachine w.test login x password y\n\nmachine w.test login me password pw', me],
  ['a macro inside of an entry', 'machine w.test login me macdef init\nls\n\npassword pw', me],
  ['a macro without end', 'machine w.test login me password pw\nmacdef init\nmachine w.test login x', me],
  ['an entry without password', 'machine w.test login me', { login: 'me' }],
  ['nothing', '', undefined],
  ['a word that is cut off', 'machine', undefined],
])('%s', ([, text, found]) => {
  expect(findMachine(text, 'w.test')).toEqual(found);
});

test.for<[NodeJS.Platform, Record<string, string>, string[]]>([
  ['linux', {}, ['/home/me/.netrc']],
  ['darwin', {}, ['/home/me/.netrc']],
  ['win32', {}, ['/home/me/.netrc', '/home/me/_netrc']],
  ['linux', { NETRC: '/etc/netrc' }, ['/etc/netrc']],
  ['linux', { NETRC: '~/my' }, ['/home/me/my']],
])('on %s with %j it is %j', ([platform, env, paths]) => {
  expect(netrcFiles({ env, home: '/home/me', platform }).map(({ value }) => value)).toEqual(paths);
});

async function loginsOf(netrc: string, env: Record<string, string> = {}) {
  await using home = await temporaryDirectory();
  await writeFile(join(home.path, '.netrc'), netrc);
  const settings = readSettings({ env: { DATABRICKS_HOST: 'https://w.test:8443', ...env }, home: home.path });
  if (settings.kind === 'embedded') throw new Error('not the embedded one');
  return { types: settings.logins.candidates.map(({ type, origin }) => `${type}: ${origin}`), passedOver: settings.logins.passedOver };
}

test('a .netrc is the last login that is tried, and only where no other is set', async () => {
  const line = 'machine w.test login token password dapi-1';
  expect((await loginsOf(line)).types.at(-1)).toBe('netrc: w.test in ~/.netrc');
  expect((await loginsOf(line, { DATABRICKS_TOKEN: 't' })).types).toEqual(['pat: DATABRICKS_TOKEN']);
  expect((await loginsOf(line, { DATABRICKS_AUTH_TYPE: 'netrc' })).types).toEqual(['netrc: w.test in ~/.netrc']);
});

test.for([
  ['machine w.test login me', 'netrc: the entry for w.test in ~/.netrc has no login and password'],
  ['machine w.test login a:b password c', 'netrc: the login for w.test in ~/.netrc holds a colon, which a user name cannot have'],
])('%s is passed over with the reason', async ([netrc, reason]) => {
  expect((await loginsOf(netrc ?? '')).passedOver).toContain(reason);
});

test('a .netrc that cannot be read is passed over with the reason', async () => {
  expect((await loginsOf('', { NETRC: '/' })).passedOver).toContain('netrc: / (NETRC) cannot be read (EISDIR)');
});
