import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { packageFile, packageRoot } from '../../src/lib/package-file.ts';
import { contextNotFound, contextsSince, contextStatus, living, openContexts, type ContextAddress } from '../support/databricks-kernel.ts';
import { eventually } from '../support/eventually.ts';
import { jupyterPlace, python, type JupyterPlace } from '../support/jupyter.ts';
import { joined, newNotebook, readNotebook, shownLine, type NewCell, type NotebookCell } from '../support/notebook.ts';
import { runProgram, type Run } from '../support/run-program.ts';

/* Programs that run and convert notebooks, by their own command lines: `jupyter execute`, papermill, `jupyter nbconvert`. */

const languages = ['python', 'scala', 'sql'] as const satisfies KernelLanguage[];
const jupyter = join(dirname(python), 'jupyter');
const papermill = join(dirname(python), 'papermill');

let place: JupyterPlace;
beforeAll(async () => {
  place = await jupyterPlace();
});
afterAll(() => place[Symbol.asyncDispose]());

/** Runs a command where the notebooks are, to its end. */
function run(command: string, ...args: readonly string[]): Promise<Run> {
  return runProgram(command, args, { cwd: place.notebooks, env: place.env });
}

/** Like `run`; throws what it printed if it fails. */
async function succeed(command: string, ...args: readonly string[]): Promise<Run> {
  const done = await run(command, ...args);
  expect(done.code, done.stderr).toBe(0);
  return done;
}

/** Writes NAME.ipynb, which has not run yet. */
async function write(name: string, language: KernelLanguage, cells: readonly NewCell[]): Promise<string> {
  await writeFile(join(place.notebooks, `${name}.ipynb`), newNotebook(language, cells));
  return `${name}.ipynb`;
}

const saved = (name: string) => readNotebook(join(place.notebooks, name));
const textFile = (name: string) => readFile(join(place.notebooks, name), 'utf8');

const outputs = (cells: readonly NotebookCell[]) => cells.map((cell) => (cell.outputs ?? []).map(shownLine));

/** Cells that show a language, and what a notebook keeps of them. */
const cells: Record<KernelLanguage, readonly [source: string, shows: readonly (string | RegExp)[]][]> = {
  python: [
    ['words = ["täglich"]', []],
    ['print("hello")\nwords', ['stdout: hello\n', "execute_result: ['täglich']"]],
    ['display(spark.range(2))', ['display_data: id\n--\n 0\n 1']],
    ['import matplotlib.pyplot as plt\nplt.figure(); _ = plt.plot([1, 4, 9])', ['display_data: image/png']],
    ['%%sql\nselect 1 as one', ['display_data: one\n---\n  1']],
    ['1 / 0', ['error: ZeroDivisionError: division by zero']],
    ['words[0]', ["execute_result: 'täglich'"]],
  ],
  scala: [
    ['val words = List("täglich")', ['stdout: val words: List[String] = List(täglich)\n']],
    ['println("hello"); words.size', ['stdout: hello\n', /^execute_result: val res\d+: Int = 1$/]],
    ['display(spark.range(2))', ['display_data: id\n--\n 0\n 1']],
    ['sys.error("no luck")', ['error: java.lang.RuntimeException: no luck']],
    ['words.head', [/^execute_result: val res\d+: String = täglich$/]],
  ],
  sql: [
    ["create temp view words as select 'täglich' as word", ['stdout: OK\n']],
    ['select * from words', ['display_data: word\n-------\ntäglich']],
    ['selec', [/^error: ParseException: .*PARSE_SYNTAX_ERROR.*selec/]],
    ['select count(*) as n from words', ['display_data: n\n-\n1']],
  ],
};

const languageInfo: Record<KernelLanguage, object> = {
  python: {
    ...{ name: 'python', mimetype: 'text/x-python', file_extension: '.py', pygments_lexer: 'ipython3' },
    ...{ codemirror_mode: { name: 'ipython', version: 3 }, nbconvert_exporter: 'python' },
  },
  scala: {
    ...{ name: 'scala', mimetype: 'text/x-scala', file_extension: '.sc', pygments_lexer: 'scala' },
    ...{ codemirror_mode: 'text/x-scala', nbconvert_exporter: 'script' },
  },
  sql: { name: 'sql', mimetype: 'text/x-sql', file_extension: '.sql', pygments_lexer: 'sql', codemirror_mode: 'sql', nbconvert_exporter: 'script' },
};

describe('jupyter execute on notebooks of three languages', () => {
  const contexts = new Map<string, ContextAddress>();
  let before: readonly ContextAddress[];

  beforeAll(async () => {
    before = await openContexts();
    const names = await Promise.all(languages.map((language) => write(language, language, cells[language].map(([source]) => source))));
    let over = false;
    const execution = succeed(jupyter, 'execute', '--inplace', '--allow-errors', ...names).finally(() => (over = true));
    await eventually(async () => {
      for (const context of await contextsSince(before)) contexts.set(context.contextId, context);
      return over;
    });
    await execution;
  });

  test.for(languages)('saves what the %s kernel shows, errors included, with --allow-errors', async (language) => {
    const notebook = await saved(`${language}.ipynb`);
    const expected = cells[language].map(([, shows]) => shows.map((each) => (typeof each === 'string' ? each : expect.stringMatching(each))));
    expect(outputs(notebook.cells)).toEqual(expected);
    expect(notebook.cells.map(({ execution_count }) => execution_count)).toEqual(cells[language].map((_, index) => index + 1));
  });

  test.for(languages)('saves what converters and editors need to know of %s', async (language) => {
    expect(await saved(`${language}.ipynb`)).toMatchObject({ metadata: { language_info: { ...languageInfo[language], version: expect.any(String) } } });
  });

  test('ends the kernels, and their contexts on the cluster with them', async () => {
    expect(contexts.size).toBe(languages.length);
    for (const context of contexts.values()) expect(await contextStatus(context)).toEqual(contextNotFound);
    expect(await living(await contextsSince(before))).toEqual([]);
  });

  describe('jupyter nbconvert then', () => {
    const names = languages.map((language) => `${language}.ipynb`);

    beforeAll(async () => {
      await Promise.all([succeed(jupyter, 'nbconvert', '--to', 'html', ...names), succeed(jupyter, 'nbconvert', '--to', 'script', ...names)]);
    });

    test.for<[KernelLanguage, readonly string[]]>([
      [
        'python',
        [
          '<div class="highlight hl-ipython3">',
          '<span class="mi">1</span> <span class="o">/</span> <span class="mi">0</span>',
          '<td style="text-align:right">1</td>',
          'src="data:image/png;base64,iVBOR',
          '<span class="ansi-red-fg">ZeroDivisionError</span>: division by zero',
        ],
      ],
      [
        'scala',
        [
          '<div class="highlight hl-scala">',
          '<span class="kd">val</span><span class="w"> </span><span class="n">words</span>',
          '<td style="text-align:right">1</td>',
          '<span class="ansi-red-fg">java.lang.RuntimeException</span>: no luck',
        ],
      ],
      [
        'sql',
        [
          '<div class="highlight hl-sql">',
          '<span class="k">select</span>',
          '<td style="text-align:left">täglich</td>',
          '<span class="ansi-red-fg">ParseException</span>: [PARSE_SYNTAX_ERROR]',
        ],
      ],
    ])('makes a page of a %s notebook: coloured code, tables, pictures, tracebacks', async ([language, parts]) => {
      const html = await textFile(`${language}.html`);
      // The page is long, and nothing to print.
      expect(parts.filter((part) => !html.includes(part))).toEqual([]);
      expect(html.includes('\u001b')).toBe(false);
    });

    test.for<[string, KernelLanguage]>([
      ['python.py', 'python'],
      ['scala.sc', 'scala'],
      ['sql.sql', 'sql'],
    ])('makes a script of a notebook: %s', async ([name, language]) => {
      const script = await textFile(name);
      const sources = cells[language].map(([source]) => source.replace(/^%%sql\n(.*)$/, "get_ipython().run_cell_magic('sql', '', '$1\\n')"));
      const parts = script.replace(/^#.*\n/gm, '').split(/\n{2,}/);
      expect(parts.map((part) => part.trim()).filter((part) => part !== '')).toEqual(sources);
    });
  });
});

test('jupyter execute stops at a cell that fails, with exit code 1 and the error that the cluster told', async () => {
  const marker = join(place.notebooks, 'went-on');
  const { code, stderr } = await run(jupyter, 'execute', await write('failing', 'python', ['{}["who"]', `open(${JSON.stringify(marker)}, "w").close()`]));
  expect(code).toBe(1);
  expect(stderr).toContain('nbclient.exceptions.CellExecutionError: An error occurred while executing the following cell:\n------------------\n{}["who"]\n');
  expect(stderr.replace(/\u001b\[[\d;]*m/g, '')).toMatch(/KeyError +Traceback \(most recent call last\)[^]*KeyError: 'who'/);
  await expect(readFile(marker)).rejects.toThrow('ENOENT');
});

test('jupyter run runs a file', async () => {
  await writeFile(join(place.notebooks, 'answer.sql'), 'select 6 * 7 as answer');
  const { stdout } = await succeed(jupyter, 'run', '--kernel', 'databricks-sql', 'answer.sql');
  expect(stdout).toMatch(/answer\n-+\n +42$/);
});

/** A cell that takes forever between one that defines something and one that uses it. */
const endless: Record<KernelLanguage, readonly [before: string, endless: string, after: string]> = {
  python: ['kept = 7', 'import time; time.sleep(100_000)', 'print(kept + 1)'],
  scala: ['val kept = 7', 'Thread.sleep(100000000)', 'println(kept + 1)'],
  sql: [
    'create temp view kept as select 7 as n',
    'select sum(id % 7) from range(1000000000000000)',
    'select n + 1 as `8` from kept',
  ],
};

test('nbclient interrupts a cell that takes too long; its notebook goes on', async () => {
  const named = (language: KernelLanguage) => `endless-${language}`;
  const names = await Promise.all(
    languages.map((language) => {
      const [before, source, after] = endless[language];
      return write(named(language), language, [before, { source, tag: 'endless' }, after]);
    }),
  );
  await succeed(python, packageFile('test', 'fixtures', 'clients', 'nbclient_timeouts.py'), ...names);
  for (const language of languages) {
    const [, interrupted, last] = outputs((await saved(`${named(language)}.ipynb`)).cells);
    expect(interrupted, language).toEqual([expect.stringMatching(/^error: KeyboardInterrupt: /)]);
    expect(last?.join(), language).toMatch(/^(stdout|display_data): 8\n/);
  }
});

/** Parameters of every type that YAML has, and the texts that translators and interpreters of variables stumble over. */
const parameters = `
text: 'O''Hare; "x" \\ $HOME \${y} #{z} %s -- --- /* {{w}}'
lines: "first\\nsecond\\ttab"
empty: ''
count: 5
long: 9007199254740993
negative: -3
ratio: 1.5
tiny: 1.0e-7
sure: true
none: null
list: [1, 2]
nested: [[1], []]
dict: {key: value, number: 2, deep: {a: b}}
`;
const text = 'O\'Hare; "x" \\ $HOME ${y} #{z} %s -- --- /* {{w}}';

/** papermill writes these for Python and SQL in a form that the language reads back, but not for Scala (papermill 2.7). */
const further = `
word: "tägliches 😀 \\u2028."
huge: 99999999999999999999
`;

interface Parameterised {
  readonly command: readonly string[];
  readonly yaml: string;
  /** The cell tagged `parameters`: the defaults of what `--help-notebook` tells. */
  readonly defaults: string;
  readonly help: RegExp;
  readonly use: string;
  readonly shows: string;
}

const parameterised: Record<KernelLanguage, Parameterised> = {
  python: {
    command: [papermill],
    yaml: parameters + further,
    defaults: 'from_option = 3\nraw: str = "none"  # how it is spelled',
    help: /^ {2}from_option: Unknown type \(default 3\) *\n {2}raw: str \(default "none"\) +how it is spelled$/m,
    use: 'import json\nprint(json.dumps([text, lines, empty, count, long, negative, ratio, tiny, sure, none, list, nested, dict, word, huge, from_option, raw], ensure_ascii=False))',
    shows: `stdout: [${JSON.stringify(text)}, "first\\nsecond\\ttab", "", 5, 9007199254740993, -3, 1.5, 1e-07, true, null, [1, 2], [[1], []], {"key": "value", "number": 2, "deep": {"a": "b"}}, "tägliches 😀 \u2028.", 99999999999999999999, 7, "007"]\n`,
  },
  scala: {
    command: [papermill],
    yaml: parameters,
    defaults: 'val from_option = 3\nval raw = "none" // how it is spelled',
    help: /Can't infer anything about this notebook's parameters/,
    use: 'println((text, lines, empty, count, long, negative)); println((ratio, tiny, sure, none, list, nested, dict, from_option: Int, raw: String))',
    shows: `stdout: (${text},first\nsecond\ttab,,5,9007199254740993,-3)\n(1.5,1.0E-7,true,None,List(1, 2),List(List(1), List()),Map(key -> value, number -> 2, deep -> Map(a -> b)),7,007)\n`,
  },
  sql: {
    command: [python, join(packageRoot, 'examples', 'papermill_sql.py')],
    yaml: parameters + further,
    defaults: "DECLARE OR REPLACE VARIABLE from_option = 3;\nDECLARE OR REPLACE VARIABLE raw STRING = 'none'; -- how it is spelled",
    help: /^ {2}from_option: Unknown type \(default 3\) *\n {2}raw: STRING \(default 'none'\) +how it is spelled$/m,
    use: `select to_json(struct(text, lines, empty, count, long, negative, ratio, tiny, sure, list, nested, dict, word, huge, from_option, raw)) as json, none, dict.deep.a`,
    shows: [
      `<td>{"text":${JSON.stringify(text)},"lines":"first\\nsecond\\ttab","empty":"","count":5,"long":9007199254740993,"negative":-3,"ratio":1.5,"tiny":1.0E-7,"sure":true,`,
      `"list":[1,2],"nested":[[1],[]],"dict":{"key":"value","number":2,"deep":{"a":"b"}},"word":"tägliches 😀 \u2028.","huge":99999999999999999999,"from_option":7,"raw":"007"}</td>`,
      '<td>null</td><td>b</td>',
    ].join(''),
  },
};

describe.for(languages)('papermill with %s parameters', (language) => {
  const { command, yaml, defaults, help, use, shows } = parameterised[language];
  const [program = '', ...args] = command;

  test('of all types, from a file and from the command line, which arrive in a cell', async () => {
    const name = await write(`parameters-${language}`, language, [{ source: defaults, tag: 'parameters' }, use]);
    await writeFile(join(place.notebooks, `${language}.yaml`), yaml);
    const { stderr } = await succeed(program, ...args, name, `out-${name}`, '-f', `${language}.yaml`, '-p', 'from_option', '7', '-r', 'raw', '007');
    expect(stderr).toMatch(/Executing: 100%.* 3\/3 /);
    const { cells } = await saved(`out-${name}`);
    expect(cells.map(({ metadata }) => metadata.tags)).toEqual([['parameters'], ['injected-parameters'], []]);
    expect(language === 'sql' ? rowOf(cells.at(-1)) : outputs(cells).at(-1)?.join()).toBe(shows);
  });

  test('tells which there are, and puts them in without running anything', async () => {
    const name = await write(`prepared-${language}`, language, [{ source: defaults, tag: 'parameters' }, use]);
    const [helped] = await Promise.all([
      succeed(program, ...args, '--help-notebook', name),
      succeed(program, ...args, '--prepare-only', name, `out-${name}`, '-p', 'from_option', '7'),
    ]);
    expect(helped.stdout).toMatch(help);
    const { cells } = await saved(`out-${name}`);
    expect(cells.map(({ execution_count }) => execution_count)).toEqual([null, null, null]);
    expect(joined(cells[1]?.source ?? '')).toMatch(/^(#|\/\/|--) Parameters\n.*from_option`? = 7;?\n$/);
  });
});

/** The only row of a table as HTML without attributes and entities; as text, its columns would be cut. */
function rowOf(cell: NotebookCell | undefined): string | undefined {
  const html = joined(cell?.outputs?.[0]?.data?.['text/html'] ?? '');
  const characters: Record<string, string> = { quot: '"', amp: '&', lt: '<', gt: '>', '#39': "'" };
  return /<tbody>\n<tr>(.*)<\/tr>/s
    .exec(html)?.[1]
    ?.replace(/<td [^>]*>/g, '<td>')
    .replace(/<\/?[^t/][^>]*>/g, '')
    .replace(/&(quot|amp|lt|gt|#39);/g, (_, name: string) => characters[name] ?? '');
}

test('the translator for SQL is a module as well, and knows numbers that are none', async () => {
  const code = `import papermill, papermill_sql
from papermill.translators import translate_parameters
print(translate_parameters('databricks-sql', 'sql', {'a': float('nan'), 'b': float('-inf'), 'c\`': 1e300}, 'Parameters'))`;
  const { stdout } = await succeed('/usr/bin/env', 'PYTHONDONTWRITEBYTECODE=1', `PYTHONPATH=${join(packageRoot, 'examples')}`, python, '-c', code);
  const declare = 'DECLARE OR REPLACE VARIABLE';
  expect(stdout).toBe(`-- Parameters\n${declare} \`a\` = DOUBLE('nan');\n${declare} \`b\` = DOUBLE('-inf');\n${declare} \`c\`\`\` = 1e+300D;\n\n`);
});

test('papermill stops at a cell that fails, with exit code 1, and its notebook says where', async () => {
  const { code, stderr } = await run(papermill, await write('stops', 'scala', ['sys.error("no luck")', 'println("never")']), 'stopped.ipynb');
  expect(code).toBe(1);
  expect(stderr).toContain('papermill.exceptions.PapermillExecutionError');
  expect(stderr).toContain('Exception encountered at "In [1]":\njava.lang.RuntimeException: no luck\n');
  const { cells } = await saved('stopped.ipynb');
  expect(joined(cells[0]?.source ?? '')).toContain("An Exception was encountered at '<a href=\"#papermill-error-cell\">In [1]</a>'");
  expect(outputs(cells)).toEqual([[], [], ['error: java.lang.RuntimeException: no luck'], []]);
});

test('jupyter nbconvert runs a notebook on the way', async () => {
  const name = await write('converted', 'sql', ["select 'a' || 'b' as ab"]);
  const { stdout } = await succeed(jupyter, 'nbconvert', '--execute', '--to', 'markdown', '--stdout', name);
  expect(stdout).toMatch(/^```sql\nselect 'a' \|\| 'b' as ab\n```\n[^]*<td style="text-align:left">ab<\/td>/);
});
