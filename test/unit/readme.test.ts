import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/index.ts';
import { faultKinds, parseFaultPlan } from '../../src/workspace/fault-rules.ts';
import { clientFor } from '../support/scripted-api.ts';

const root = join(import.meta.dirname, '..', '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The rows of the reference: endpoint, client, command, workspace, tests. */
const rows = readme
  .split('\n')
  .filter((line) => /^\| `(?:GET|POST) \/api\//.test(line))
  .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('`', '')));

/** What the workspace serves; Clusters API 2.x by one name for both of its versions. */
const routes = join(root, 'src/workspace/routes');
const served = readdirSync(routes).flatMap((file) => {
  const code = readFileSync(join(routes, file), 'utf8');
  const whole = [...code.matchAll(/server\.(get|post)\('(\/api\/[^']+)'/g)].map(([, method = '', path]) => `${method.toUpperCase()} ${path}`);
  const second = [...code.matchAll(/server\.(get|post)\(path\('([^']+)'\)/g)].map(([, method = '', call]) => `${method.toUpperCase()} /api/2.1/clusters/${call}`);
  return [...whole, ...second];
});

/** What some calls go by where not even their path is written: in the SDK for Python, and in our helpers. */
const otherwise: Readonly<Record<string, string>> = {
  'contexts/create': 'commands.create',
  'contexts/status': 'commands.context_status',
  'contexts/destroy': 'commands.destroy',
  'commands/status': 'commands.command_status',
  'clusters/spark-versions': 'clusters.select_spark_version',
  'clusters/list-node-types': 'clusters.select_node_type',
  'libraries/install': 'workspace.install',
  'libraries/uninstall': 'workspace.uninstall',
  'libraries/cluster-status': 'workspace.statuses',
};

/** Whether code makes a call: by its path, whole or put together, by the words of its command, or by a method. */
function calls(code: string, path: string): boolean {
  const [api = '', call = ''] = path.split('/').slice(-2);
  const written = new RegExp(`\\b${api}/${call}(?![\\w.-])|'${api}', '${call}'`);
  const method = (name: string) => new RegExp(`\\b${name.replace('.', '\\.')}(?:_and_wait)?\\b`).test(code);
  const other = otherwise[`${api}/${call}`];
  return (
    written.test(code) ||
    (code.includes(`${api}/\${`) && code.includes(`'${call}'`)) ||
    method(`${api}.${call.replaceAll('-', '_')}`) ||
    (other !== undefined && method(other))
  );
}

/** What a test of that name consists of: its own file, and the clients of others that it runs. */
function codeOf(name: string): string {
  const file = join(root, 'test', name.includes('/') ? '' : 'contract', `${name}.test.ts`);
  if (!existsSync(file)) return '';
  const code = readFileSync(file, 'utf8');
  const clients = readdirSync(join(root, 'test/fixtures/clients')).filter((client) => code.includes(client));
  return [code, ...clients.map((client) => readFileSync(join(root, 'test/fixtures/clients', client), 'utf8'))].join('\n');
}

describe('the reference in the README', () => {
  test('has a row for each endpoint that the workspace serves', () => {
    expect(served.length).toBeGreaterThan(25);
    const listed = rows.map(([endpoint]) => endpoint);
    // Asked by clients of others only.
    expect(served.filter((endpoint) => !listed.includes(endpoint) && !endpoint.endsWith('/list-zones'))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });

  test.for(rows.map((row) => [row[0] ?? '', row] as const))('%s: what it names is there', ([endpoint, row]) => {
    const [, called = '', command = '', route = '', tests = ''] = row;
    expect(row).toHaveLength(5);
    expect(row.every((cell) => cell !== '')).toBe(true);

    const [api = '', call = ''] = called.split('.');
    const client = clientFor(new URL('http://127.0.0.1:9')) as unknown as Record<string, Record<string, unknown>>;
    expect(client[api]?.[call]).toBeTypeOf('function');

    const [group, name] = command.split(' ');
    const commands = createProgram().commands.find((one) => one.name() === group)?.commands ?? [];
    expect(commands.map((one) => one.name())).toContain(name);

    const [, path = ''] = endpoint.split(' ');
    const written = path.startsWith('/api/2.1/') ? path.split('/').at(-1) : path;
    expect(readFileSync(join(routes, `${route}.ts`), 'utf8')).toContain(`'${written}'`);

    expect(tests.split(', ').filter((each) => !calls(codeOf(each), path))).toEqual([]);
  });
});

test('the plan of faults in the README is one, and names all kinds', () => {
  const plan = /```json\n(\{ "seed".*?)```/s.exec(readme)?.[1] ?? '';
  expect(parseFaultPlan(plan).rules).toHaveLength(2);
  expect(Object.keys(faultKinds).filter((kind) => !readme.includes(`\`${kind}\``))).toEqual([]);
});
