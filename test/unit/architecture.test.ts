import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

const src = join(import.meta.dirname, '..', '..', 'src');

/** Every TypeScript file below src, by its path from there, with `/`. */
const sources: ReadonlyMap<string, string> = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path.split(sep).join('/'), readFileSync(join(src, path), 'utf8')]),
);

/** What a folder may import besides itself; a file may stand for itself. Types only where it says so. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['*'],
  cli: ['*'],
  kernelspec: ['languages/info.ts', 'lib'],
  notebook: ['kernel (types)', 'session', 'languages', 'render', 'databricks', 'protocol', 'lib'],
  languages: ['kernel (types)', 'databricks (types)', 'render', 'protocol', 'lib'],
  'languages/info.ts': [],
  session: ['databricks', 'lib'],
  render: ['protocol', 'databricks (types)', 'lib'],
  kernel: ['protocol', 'lib'],
  wire: ['protocol', 'lib'],
  protocol: ['lib'],
  databricks: ['lib'],
  workspace: ['lib'],
  lib: [],
};

interface Import {
  readonly from: string;
  /** A path below src, or a package. */
  readonly to: string;
  readonly typesOnly: boolean;
}

/** Code without its comments, so that words about imports are not taken for them. */
function withoutComments(code: string): string {
  return code.replace(/(["'`])(?:\\.|(?!\1)[^\\])*\1|\/\*[^]*?\*\/|\/\/[^\n]*/g, (text, quote) => (quote === undefined ? '' : text));
}

function importsOf(file: string, code: string): readonly Import[] {
  const statement = /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'";()]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*()['"]([^'"]+)['"]|\bimport\(\s*()['"]([^'"]+)['"]/g;
  return [...withoutComments(code).matchAll(statement)].map((match) => {
    const specifier = match[2] ?? match[4] ?? match[6] ?? '';
    const to = specifier.startsWith('.') ? relative(src, join(src, dirname(file), specifier)).split(sep).join('/') : specifier;
    return { from: file, to, typesOnly: match[1] !== undefined };
  });
}

const imports = [...sources].flatMap(([file, code]) => importsOf(file, code));
const folderOf = (path: string) => (arrows[path] ? path : (path.split('/', 1)[0] ?? ''));
const isOurs = (path: string) => sources.has(path);

function isAllowed({ from, to, typesOnly }: Import): boolean {
  const folder = folderOf(from);
  if (folder === folderOf(to) || (folder !== from && to.startsWith(`${folder}/`))) return true;
  const allowed = arrows[folder] ?? [];
  const target = to.split('/', 1)[0] ?? '';
  return allowed.some((one) => one === '*' || one === target || one === to || (typesOnly && one === `${target} (types)`));
}

describe('imports', () => {
  test('point down only, from folder to folder', () => {
    expect(imports.filter(({ to }) => isOurs(to)).filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test('know every folder', () => {
    expect([...sources.keys()].filter((path) => !arrows[folderOf(path)])).toEqual([]);
  });

  test('are read from every way of writing them', () => {
    const code = `import a from './a.ts';\nimport type { B } from './b.ts';\nimport './c.ts';\nexport * from './d.ts';\nimport {\n  e,\n} from './e.ts';\n
      const f = await import('./f.ts'); // import './no.ts'\n/* import './no.ts' */ const s = "import './no.ts'";\nexport type { G } from '../g.ts';\nimport h from 'h';`;
    expect(importsOf('wire/x.ts', code).map(({ to, typesOnly }) => (typesOnly ? `${to} (types)` : to))).toEqual([
      'wire/a.ts', 'wire/b.ts (types)', 'wire/c.ts', 'wire/d.ts', 'wire/e.ts', 'wire/f.ts', 'g.ts (types)', 'h',
    ]);
  });

  test('that break a rule are seen', () => {
    const breach = (from: string, to: string, typesOnly = false) => !isAllowed({ from, to, typesOnly });
    expect([
      breach('render/a.ts', 'session/b.ts'), breach('kernel/a.ts', 'databricks/types.ts', true), breach('languages/a.ts', 'kernel/b.ts'), breach('workspace/a.ts', 'databricks/types.ts', true),
      breach('kernelspec/a.ts', 'languages/index.ts'), breach('languages/info.ts', 'lib/json.ts'), breach('lib/a.ts', 'cli/b.ts'),
    ]).toEqual(Array(7).fill(true));
    expect([breach('languages/a.ts', 'kernel/b.ts', true), breach('cli/a.ts', 'wire/b.ts'), breach('kernelspec/a.ts', 'languages/info.ts')]).toEqual([false, false, false]);
  });
});

/** Nobody else uses it, and each owner does: a permission that nobody needs would cover a breach to come. */
function expectOwners(users: readonly string[], owners: readonly string[]): void {
  expect(users.filter((user) => !owners.some((owner) => user.startsWith(owner)))).toEqual([]);
  expect(owners.filter((owner) => !users.some((user) => user.startsWith(owner)))).toEqual([]);
}

describe('a package stays in its room', () => {
  test.for<[name: string, rooms: readonly string[]]>([
    ['undici', ['databricks/']],
    ['zeromq', ['wire/']],
    ['fastify', ['workspace/']],
    ['commander', ['cli/']],
    ['cli-table3', ['cli/table.ts']],
    ['yocto-spinner', ['cli/progress.ts']],
    // The front ends' client is for tests.
    ['@jupyterlab/services', []],
  ])('%s in %s', ([name, rooms]) => {
    const users = imports.filter(({ to, typesOnly }) => !typesOnly && (to === name || to.startsWith(`${name}/`))).map(({ from }) => from);
    expectOwners(users, rooms);
  });
});

describe('a word has its owners', () => {
  test.for<[what: string, word: RegExp, owners: readonly string[]]>([
    [
      'language ids',
      /['"](?:scala|python|sql)['"]/,
      ['languages/', 'databricks/types.ts', 'notebook/magics/language.ts', 'workspace/'],
    ],
    ['paths of the API', /['"`]\/api\//, ['databricks/api/', 'workspace/routes/']],
    ['clear_output and display_id', /\b(?:clear_output|display_id)\b/, ['protocol/', 'notebook/cell-output.ts', 'languages/python/front-end-code.ts']],
    ['timers', /\b(?:setTimeout|setInterval)\b/, ['lib/time.ts', 'cli/lifecycle.ts']],
    // Its environment, arguments, streams and end, that is: whoever starts child processes may signal them.
    ['the process', /(?<![\w.$])process\.\w|import (?!\{ kill \})[^;]* from ['"](?:node:)?process['"]/, ['cli/', 'main.ts']],
  ])('%s', ([, word, owners]) => {
    const users = [...sources].filter(([, code]) => word.test(withoutComments(code))).map(([file]) => file);
    expectOwners(users, owners);
  });

  test('no code for the cluster stands in TypeScript', () => {
    const foreign = /`[^`]*\n\s*(?:def \w+\(|import \w+\n|object \w+ \{|for \w+ in )[^`]*`/;
    expect([...sources].filter(([, code]) => foreign.test(withoutComments(code))).map(([file]) => file)).toEqual([]);
  });

  test('nobody gives up on types', () => {
    expect([...sources].filter(([, code]) => /:\s*any\b|\bas any\b|<any>|@ts-(?:ignore|nocheck)/.test(withoutComments(code))).map(([file]) => file)).toEqual([]);
  });
});
