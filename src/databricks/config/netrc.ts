import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Setting, SettingsSources } from './fields.ts';
import { inHome } from './fields.ts';

/** What a `.netrc` says of one machine. */
export interface NetrcEntry {
  readonly login?: string;
  readonly password?: string;
}

/** The file that curl and Python's `requests` read: `NETRC`, else `.netrc` in the home directory, which Windows may call `_netrc`. */
export function netrcFiles({ env, home, platform = 'linux' }: SettingsSources): readonly Setting<string>[] {
  const named = env['NETRC']?.trim();
  if (named !== undefined && named !== '') return [{ value: inHome(named, home), origin: `${named} (NETRC)` }];
  const names = platform === 'win32' ? ['.netrc', '_netrc'] : ['.netrc'];
  return names.map((name) => ({ value: join(home, name), origin: `~/${name}` }));
}

/** What the first of `files` that exists says of a host; `undefined` where none exists or knows it. Throws the reason why one cannot be read. */
export function readNetrc(files: readonly Setting<string>[], hostname: string): Setting<NetrcEntry> | undefined {
  for (const { value: path, origin } of files) {
    try {
      const entry = findMachine(readFileSync(path, 'utf8'), hostname);
      return entry && { value: entry, origin };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/**
 * Finds a host in the text of a `.netrc`, by the grammar of ftp(1) with the quotes of curl: `machine NAME` or `default`, then `login`,
 * `password` and `account` with their values; `macdef NAME` begins a macro that ends with an empty line; `#` where a keyword would stand
 * begins a comment. The first entry of a host counts, and the first `default` for all others.
 */
export function findMachine(text: string, hostname: string): NetrcEntry | undefined {
  const words = createScanner(text.replace(/\r\n?/g, '\n'));
  const entries = new Map<string | typeof everyOther, { login?: string; password?: string }>();
  let current: { login?: string; password?: string } = {};
  const begin = (name: string | typeof everyOther): void => {
    current = {};
    if (!entries.has(name)) entries.set(name, current);
  };
  for (;;) {
    words.skip(/(?:\s+|#[^\n]*)*/y);
    const keyword = words.next();
    if (keyword === undefined) return entries.get(hostname.toLowerCase()) ?? entries.get(everyOther);
    if (keyword === 'default') begin(everyOther);
    else if (keyword === 'macdef') words.skip(/[^]*?(?:\n[ \t]*\n|$)/y);
    else {
      const value = words.next() ?? '';
      if (keyword === 'machine') begin(value.toLowerCase());
      else if (keyword === 'login' || keyword === 'user') current.login = value;
      else if (keyword === 'password') current.password = value;
    }
  }
}

const everyOther = Symbol('default');

/** What curl makes of these behind a backslash; every other character is itself. */
const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function createScanner(text: string) {
  let at = 0;
  /** `pattern` is sticky. */
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    at += match?.[0].length ?? 0;
    return match;
  };
  return {
    skip: (pattern: RegExp): void => void take(pattern),
    /** A word, without its quotes; `undefined` at the end. */
    next(): string | undefined {
      take(/\s*/y);
      const quoted = take(/"((?:\\.|[^"\\])*)"/ys)?.[1];
      return quoted === undefined ? take(/\S+/y)?.[0] : quoted.replace(/\\(.)/gs, (_, sign: string) => controls[sign] ?? sign);
    },
  };
}
