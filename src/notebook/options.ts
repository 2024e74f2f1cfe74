import { BridgeError } from '../lib/errors.ts';
import type { TableOptions } from '../render/table.ts';

/** What `%config` can change, for as long as the kernel lives. */
export interface Options {
  readonly table: TableOptions;
}

interface Option {
  readonly key: string;
  /** The values it takes, in words. */
  readonly allowed: string;
  readonly help: string;
  read(options: Options): string;
  /** The options with the new value, or `undefined` for a value that is not allowed. */
  change(options: Options, value: string): Options | undefined;
}

const table: readonly Option[] = [
  {
    key: 'table.json',
    allowed: 'on, off',
    help: 'send tables as data too (application/json, application/vnd.dataresource+json)',
    read: (options) => (options.table.json ? 'on' : 'off'),
    change: (options, value) =>
      value === 'on' || value === 'off' ? { ...options, table: { ...options.table, json: value === 'on' } } : undefined,
  },
  {
    key: 'table.rows',
    allowed: 'all, or a whole number from 1',
    help: 'how many rows of a table are shown; all: those that the server sent, as plain text the first 50',
    read: (options) => String(options.table.rows ?? 'all'),
    change: (options, value) => {
      if (value !== 'all' && !/^[1-9]\d{0,8}$/.test(value)) return undefined;
      return { ...options, table: { ...options.table, rows: value === 'all' ? undefined : Number(value) } };
    },
  },
];

export const defaultOptions: Options = { table: { json: false, rows: undefined } };

/** The keys, for completion. */
export const optionKeys: readonly string[] = table.map(({ key }) => key);

/** Applies `KEY=VALUE`. Throws `BridgeError` `config` that names the keys, or the values that the key takes. */
export function changeOption(options: Options, assignment: string): Options {
  const [, key = '', value = ''] = /^([^=\s]*)\s*=\s*(.*)$/s.exec(assignment.trim()) ?? [];
  const option = table.find((candidate) => candidate.key === key);
  if (!option) {
    throw new BridgeError('config', `%config does not know "${key || assignment.trim()}": write KEY=VALUE with one of ${optionKeys.join(', ')}.`, { setting: key });
  }
  const changed = option.change(options, value.trim().toLowerCase());
  if (!changed) throw new BridgeError('config', `%config ${key} cannot be "${value.trim()}": it takes ${option.allowed}.`, { setting: key });
  return changed;
}

/** Applies one `KEY=VALUE` a line, all or none of them; empty lines are nothing. Throws as `changeOption`. */
export function changeOptions(options: Options, lines: string): Options {
  const assignments = lines.split('\n').filter((line) => line.trim() !== '');
  return assignments.reduce(changeOption, options);
}

/** The options with these keys and their values, a line each. */
export function listOptions(options: Options, keys: readonly string[] = optionKeys): string {
  const lines = table.filter(({ key }) => keys.includes(key)).map((option) => [`${option.key}=${option.read(options)}`, `${option.help} (${option.allowed})`] as const);
  const width = Math.max(...lines.map(([setting]) => setting.length));
  return lines.map(([setting, help]) => `${setting.padEnd(width)}  ${help}\n`).join('');
}
