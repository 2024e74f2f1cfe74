import { describe, expect, test } from 'vitest';
import type { CommandResult } from '../../../src/databricks/types.ts';
import type { Outcome } from '../../../src/kernel/interpreter.ts';
import type { KernelLanguage } from '../../../src/languages/info.ts';
import type { ContextOrigin } from '../../../src/languages/language.ts';
import { BridgeError } from '../../../src/lib/errors.ts';
import { createInterpreter } from '../../../src/notebook/interpreter.ts';
import { stripAnsi } from '../../../src/render/html.ts';
import { deferred } from '../../support/deferred.ts';
import { FakeCell } from '../../support/fake-cell.ts';
import { FakeSession } from '../../support/fake-session.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function open(language: KernelLanguage = 'python', firstContext?: ContextOrigin) {
  const session = new FakeSession();
  const clock = new ManualClock();
  const interpreter = createInterpreter({ session, language, clock, ...(firstContext && { firstContext }) });
  /** Runs a cell to its end. */
  const run = async (code: string, cell = new FakeCell()) => {
    const outcome = await interpreter.execute(code, cell);
    return { outcome, outputs: cell.outputs, sent: session.sent.at(-1) };
  };
  return { session, clock, interpreter, run };
}

const stdout = (text: string) => ({ type: 'stream', content: { name: 'stdout', text } });
const result = (text: string, count = 1) => ({ type: 'execute_result', content: { execution_count: count, data: { 'text/plain': text }, metadata: {} } });
const errorOf = (outcome: Outcome) => (outcome.status === 'error' ? outcome.error : undefined);
const one: CommandResult = { kind: 'table', columns: [{ name: 'n', type: 'integer' }], rows: [[1]], truncated: false };

describe('a cell in its own language', () => {
  test.for<[language: KernelLanguage, code: string, text: string, outputs: readonly unknown[]]>([
    ['python', 'print("a"); 1 + 1', 'a\nOut[1]: 2', [stdout('a\n'), result('2')]],
    ['scala', '1 + 1', 'val res0: Int = 2\n', [result('val res0: Int = 2')]],
    ['sql', 'create view v as select 1', '', [stdout('OK\n')]],
    ['python', 'x = 1', '', []],
  ])('%s: %s', async ([language, code, text, outputs]) => {
    const { session, run } = open(language);
    session.text(text);
    expect(await run(code)).toEqual({ outcome: { status: 'ok' }, outputs, sent: { code, language } });
  });

  test('is sent as it was written', async () => {
    const { session, run } = open();
    session.text('');
    const code = '\n# DBTITLE 1,t\n\tx = "é\u2028"  \n\n';
    expect((await run(code)).sent?.code).toBe(code);
  });

  test('is not sent when there is nothing in it', async () => {
    const { session, run } = open('sql');
    expect((await run(' \n\t\n')).outcome).toEqual({ status: 'ok' });
    expect(session.sent).toEqual([]);
  });

  test('fails with the error that the code raised, after what was shown', async () => {
    const { session, run } = open();
    session.answer({ kind: 'error', summary: "<span class='ansi-red-fg'>ZeroDivisionError</span>: division by zero", cause: '\u001b[31mTraceback\u001b[0m\nline 2' });
    expect(await run('1/0')).toMatchObject({
      outcome: { status: 'error', error: { ename: 'ZeroDivisionError', evalue: 'division by zero', traceback: ['\u001b[31mTraceback\u001b[0m', 'line 2'] } },
      outputs: [],
    });
  });

  test('counts values by what its context has shown, and anew in a new context', async () => {
    const { session, run } = open();
    session.text('Out[9]: 1').text('Out[9]: 1');
    expect((await run('1')).outputs).toEqual([result('1')]);
    expect((await run('print("Out[9]: 1")')).outputs).toEqual([stdout('Out[9]: 1\n')]);
    session.answer((_, options) => {
      options.onNotice?.({ text: 'The cluster was restarted; variables are gone.', replaced: ['python'] });
      return { end: 'result', result: { kind: 'text', text: 'Out[1]: 2' } };
    });
    expect((await run('2')).outputs).toEqual([
      { type: 'stream', content: { name: 'stderr', text: 'The cluster was restarted; variables are gone.\n' } },
      result('2'),
    ]);
  });
});

describe('a further context', () => {
  test('leaves what is known of the first one', async () => {
    const { session, run } = open('scala');
    session.text('val res4: Int = 1');
    await run('1');
    session.answer((_, options) => {
      options.onNotice?.({ text: 'Python has a context of its own.', replaced: [] });
      return { end: 'result', result: { kind: 'text', text: '' } };
    });
    await run('%python x = 1');
    session.text('val res4: Int = 1');
    expect((await run('println("val res4: Int = 1")')).outputs).toEqual([stdout('val res4: Int = 1\n')]);
  });

  test('that is replaced leaves what is known of the others', async () => {
    const { session, run } = open('scala');
    session.text('val res4: Int = 1').text('Out[9]: 1');
    await run('1');
    await run('%python 1');
    session.answer((_, options) => {
      options.onNotice?.({ text: 'A new context.', replaced: ['python', 'sql'] });
      return { end: 'result', result: { kind: 'text', text: 'Out[1]: 2' } };
    });
    expect((await run('%python 2')).outputs.at(-1)).toEqual(result('2'));
    session.text('val res4: Int = 1');
    expect((await run('println("val res4: Int = 1")')).outputs).toEqual([stdout('val res4: Int = 1\n')]);
  });
});

describe('a cell in another language', () => {
  test.for<[kernel: KernelLanguage, cell: string, sent: object]>([
    ['python', '%sql\nselect 1', { code: 'select 1', language: 'sql' }],
    ['python', '%%sql select 1', { code: 'select 1', language: 'sql' }],
    ['sql', '%python x = 1\ny = 2', { code: 'x = 1\ny = 2', language: 'python' }],
    ['sql', '%scala\n  val x = 1\n', { code: '  val x = 1\n', language: 'scala' }],
    ['scala', '%r\nx <- 1', { code: 'x <- 1', language: 'r' }],
    ['scala', '// MAGIC %sql\n// MAGIC select 1', { code: 'select 1', language: 'sql' }],
    ['python', '%python 1', { code: '1', language: 'python' }],
    ['scala', '%python\n%pip install x', { code: '%pip install x', language: 'python' }],
  ])('in the %s kernel: %j', async ([kernel, cell, sent]) => {
    const { session, run } = open(kernel);
    session.answer(one);
    const { outputs } = await run(cell);
    expect(session.sent).toEqual([sent]);
    expect(outputs.map(({ type }) => type)).toEqual(['display_data']);
  });

  test('that is empty is not sent', async () => {
    const { session, run } = open();
    expect((await run('%sql\n  \n')).outcome).toEqual({ status: 'ok' });
    expect(session.sent).toEqual([]);
  });
});

describe('a magic', () => {
  test('%md is shown as Markdown', async () => {
    const { run } = open('scala');
    expect((await run('%md # Title\n*text*')).outputs).toEqual([
      { type: 'display_data', content: { data: { 'text/markdown': '# Title\n*text*', 'text/plain': '# Title\n*text*' }, metadata: {} } },
    ]);
  });

  test.for<[language: KernelLanguage, cell: string, evalue: string]>([
    ['python', '%sqll select 1', 'There is no magic %sqll. Did you mean %sql? %lsmagic lists what there is.'],
    ['python', '%timeti f()', 'There is no magic %timeti. Did you mean %time or %timeit? %lsmagic lists what there is.'],
    ['scala', '%timeit f()', 'There is no magic %timeit. %lsmagic lists what there is.'],
    ['sql', '%%frobnicate', 'There is no magic %frobnicate. %lsmagic lists what there is.'],
    ['sql', '%fs ls', '%fs is not supported yet. Use dbutils.fs in a Scala or Python cell instead.'],
    ['python', '%run ./other', '%run is not supported yet. Copy the cells that you need into this notebook.'],
    ['scala', '%pip install x', '%pip is not supported yet. Write %python on the first line, and %pip with its arguments on the second.'],
    ['python', '%config table.rows=none', '%config table.rows cannot be "none": it takes all, or a whole number from 1.'],
  ])('in the %s kernel, %j fails without the cluster', async ([language, cell, evalue]) => {
    const { session, run } = open(language);
    const { outcome, outputs } = await run(cell);
    expect(errorOf(outcome)?.evalue).toBe(evalue);
    expect(errorOf(outcome)?.traceback.map(stripAnsi)).toEqual([`${errorOf(outcome)?.ename}: ${evalue}`]);
    expect([session.sent, outputs]).toEqual([[], []]);
  });

  test.for([
    '%timeit f()', '%time f()', '%matplotlib inline', '%pip install x', '%load_ext autoreload', '%%time\nf()', '%%capture out\nf()', '!ls', '?len', 'len?', '%env A=1',
    "%config InlineBackend.figure_format = 'svg'", '%who', '%%bash\nls', '%%writefile a.txt\nx', '%restart_python', '%set_cell_max_output_size_in_mb 10', '%%profile\nf()',
  ])("of Python's own goes to the cluster as it is: %j", async (cell) => {
    const { session, run } = open();
    session.text('');
    expect(await run(cell)).toMatchObject({ outcome: { status: 'ok' }, sent: { code: cell, language: 'python' } });
  });

  test.for(['dbutils.library.restartPython()', '%restart_python', 'x = 1\n%pip install y', 'get_ipython().reset()', '%reset -f'])('after %j values are counted from the beginning', async (cell) => {
    const { session, run } = open();
    session.text('Out[9]: 1').text('').text('Out[1]: 2');
    await run('1');
    await run(cell);
    expect((await run('2')).outputs).toMatchObject([{ type: 'execute_result', content: { data: { 'text/plain': '2' } } }]);
  });

  test('that an extension brought is for IPython to know', async () => {
    const { session, run } = open();
    expect(errorOf((await run('%autoreload 2')).outcome)?.ename).toBe('UsageError');
    session.text('').text('');
    await run('%load_ext autoreload');
    expect((await run('%autoreload 2')).outcome).toEqual({ status: 'ok' });
    expect(session.sent.map(({ code }) => code)).toEqual(['%load_ext autoreload', '%autoreload 2']);
  });

  test('that the first cell of a new context brought is for IPython to know, too', async () => {
    const { session, run } = open();
    session.answer((_, options) => {
      options.onNotice?.({ text: 'A new context.', replaced: ['python'] });
      return { end: 'result', result: { kind: 'text', text: '' } };
    });
    await run('%load_ext autoreload');
    session.text('');
    expect((await run('%autoreload 2')).outcome).toEqual({ status: 'ok' });
  });

  test.for<[what: string, firstContext: ContextOrigin, cells: readonly string[]]>([
    ['that %context attach took up', 'new', ['%context attach 17']],
    ['with which the kernel began', 'taken up', []],
  ])('of a context %s is for IPython to know', async ([, firstContext, cells]) => {
    const { session, run } = open('python', firstContext);
    session.text('');
    for (const cell of cells) await run(cell);
    expect(await run('%autoreload 2')).toMatchObject({ outcome: { status: 'ok' }, sent: { code: '%autoreload 2' } });
  });

  test('that nobody knows is answered without the cluster again, when a new context has followed one that was taken up', async () => {
    const { session, run } = open('python', 'taken up');
    session.answer((_, options) => {
      options.onNotice?.({ text: 'A new context.', replaced: ['python'] });
      return { end: 'result', result: { kind: 'text', text: '' } };
    });
    await run('x = 1');
    expect(errorOf((await run('%timeti f()')).outcome)?.evalue).toContain('Did you mean %time or %timeit?');
  });

  test('%config changes what later cells show', async () => {
    const { session, run } = open('sql');
    session.answer(one).answer(one);
    const mimes = async () => (await run('select 1')).outputs.map((output) => ('data' in output.content ? Object.keys(output.content.data) : []));
    expect(await mimes()).toEqual([['text/html', 'text/plain']]);
    expect((await run('%config table.json=on')).outcome).toEqual({ status: 'ok' });
    expect(await mimes()).toEqual([['text/html', 'text/plain', 'application/json', 'application/vnd.dataresource+json']]);
    const listed = (await run('%config')).outputs;
    expect(listed).toMatchObject([{ type: 'stream', content: { text: expect.stringContaining('table.json=on') } }]);
  });

  test.for<[args: string, text: string, afterAttach: string]>([
    ['', 'No execution context is open; the next cell opens one.\n', ''],
    [' status', 'No execution context is open; the next cell opens one.\n', ''],
    [' attach 17', '', 'Cells run in execution context 17 on cluster c1 at example.test (Running). It was not made by this kernel, which leaves it as it is at its end.\n'],
  ])('%%context%s tells in which context cells run', async ([args, text, attached]) => {
    const { session, run } = open();
    expect(await run(`%context${args}`)).toEqual({ outcome: { status: 'ok' }, outputs: [stdout(text || attached)], sent: undefined });
    expect(session.attached?.id).toBe(attached === '' ? undefined : '17');
    expect((await run('%context status')).outputs).toEqual([stdout(text || attached)]);
  });

  test('%context attach forgets what the context before it has shown', async () => {
    const { session, run } = open();
    session.text('Out[7]: 1');
    expect((await run('1')).outputs).toEqual([result('1')]);
    await run('%context attach 17');
    session.text('Out[2]: 1');
    expect((await run('1')).outputs).toEqual([result('1')]);
  });

  test.for(['%context attach', '%context attach 1 2', '%context status 1', '%context destroy 1', '%context attach\n'])('%j is told how %%context is written', async (code) => {
    const { session, run } = open();
    expect(errorOf((await run(code)).outcome)).toMatchObject({ ename: 'UsageError', evalue: 'Write %context status or %context attach ID.' });
    expect(session.attached).toBeUndefined();
  });

  test('%config KEY tells what is set', async () => {
    const { run } = open('python');
    await run('%config table.rows=3');
    expect((await run('%config table.rows')).outputs).toMatchObject([{ content: { text: expect.stringMatching(/^table\.rows=3  [^\n]*\n$/) } }]);
  });

  test('%config changes nothing when one of its lines is wrong', async () => {
    const { run } = open('sql');
    await run('%config table.rows=3\ntable.json=maybe');
    expect((await run('%config')).outputs).toMatchObject([{ content: { text: expect.stringContaining('table.rows=all') } }]);
  });

  test.for<[language: KernelLanguage, contains: readonly string[], lacks: readonly string[]]>([
    ['python', ['%sql ', '%sh ', '%config KEY=VALUE', '%timeit', '%pip'], ['%pip  is not']],
    ['scala', ['%python ', '%pip  is not supported yet'], ['%timeit']],
  ])('%%lsmagic lists what the %s kernel has', async ([language, contains, lacks]) => {
    const { run } = open(language);
    const [listed] = (await run('%lsmagic')).outputs;
    const text = listed?.type === 'stream' ? listed.content.text : '';
    expect(contains.filter((part) => !text.includes(part))).toEqual([]);
    expect(lacks.filter((part) => text.includes(part))).toEqual([]);
  });

  test('%lsmagic fits a page', async () => {
    const [listed] = (await open('python').run('%lsmagic')).outputs;
    const lines = listed?.type === 'stream' ? listed.content.text.split('\n').filter((line) => line.startsWith('%alias')) : [];
    expect(lines).toHaveLength(1);
    expect(lines[0]?.length).toBeLessThanOrEqual(100);
  });
});

describe('a question', () => {
  const sh = expect.stringContaining("bash on the cluster's driver");
  test.for<[language: KernelLanguage, cell: string, page: unknown]>([
    ['scala', '%sh?', sh],
    ['python', '?%sh', sh],
    ['sql', ' %%sh??\n', sh],
    ['scala', 'sh?', sh],
    ['sql', '?', expect.stringMatching(/^%sql  [^]*^%sh  [^]*^%lsmagic  [^]*^%NAME\? /m)],
    ['python', '??', expect.stringMatching(/^%sql  [^]*NAME\? of a Python object/m)],
    ['scala', 'total?', 'total: defined in cell 1\n\nval total = 1'],
    ['scala', '??total', 'total: defined in cell 1\n\nval total = 1'],
    ['scala', 'nothing?', 'Nothing is known of nothing: no cell has defined it.'],
    ['scala', '%timeit?', 'There is no magic %timeit. %lsmagic lists what there is.'],
    ['python', '%timeti?', 'There is no magic %timeti. Did you mean %time or %timeit? %lsmagic lists what there is.'],
  ])('in the %s kernel, %j, has a page for its answer', async ([language, cell, page]) => {
    const { session, run } = open(language);
    session.text('');
    await run('val total = 1');
    const { outcome, outputs } = await run(cell);
    expect([outcome, outputs]).toEqual([{ status: 'ok', pages: [{ 'text/plain': page }] }, []]);
    expect(session.sent).toHaveLength(1);
  });

  test.for(['len?', '?sh', '%timeit?', 'x.y?', '?%'])('that only IPython can answer goes to it: %j', async (cell) => {
    const { session, run } = open();
    session.text('').text('');
    await run('x = 1');
    expect((await run(cell)).sent?.code).toBe(cell);
  });
});

describe('leaving', () => {
  test.for<[language: KernelLanguage, cell: string]>([
    ['python', 'exit'],
    ['python', 'exit()'],
    ['python', ' quit() \n'],
    ['scala', ':quit'],
    ['scala', ':q'],
    ['scala', 'exit'],
    ['sql', 'quit;'],
  ])('a console of the %s kernel by %j ends nothing on the cluster', async ([language, cell]) => {
    const { session, run } = open(language);
    expect(await run(cell)).toEqual({ outcome: { status: 'ok', asksExit: true }, outputs: [], sent: undefined });
    expect(session.sent).toEqual([]);
  });

  test.for(['exit(1)', 'exit = 5', 'x = quit', 'if x: exit()'])('is not meant by %j', async (cell) => {
    const { session, run } = open();
    session.text('');
    expect((await run(cell)).sent?.code).toBe(cell);
  });
});

describe('a cell that does not come to its end', () => {
  test.for<[what: string, error: BridgeError, ename: string]>([
    ['without settings', new BridgeError('config', 'DATABRICKS_TOKEN is set without a host.', { setting: 'host' }), 'ConfigurationError'],
    ['without a server', new BridgeError('net', 'No answer from example.org.', { host: 'example.org', sent: false }), 'WorkspaceUnreachable'],
    ['without a login', new BridgeError('api', 'The token was refused.', { status: 403, serverMessage: '' }), 'AccessDenied'],
    ['with a server that refuses', new BridgeError('api', 'The server failed.', { status: 500, serverMessage: '' }), 'WorkspaceError'],
    ['with a context that vanished', new BridgeError('context', 'The variables are gone.', { lost: true }), 'ContextLost'],
    ['with a context that did not open', new BridgeError('context', 'No context.', { lost: false }), 'ContextError'],
    ['with a command that was not run', new BridgeError('command', 'The result was lost.', {}), 'CommandError'],
  ])('%s says why in one sentence', async ([, error, ename]) => {
    const { session, run } = open();
    session.answer(() => Promise.reject(error));
    expect(errorOf((await run('1')).outcome)).toEqual({ ename, evalue: error.message, traceback: [`\u001b[0;31m${ename}\u001b[0m: ${error.message}`] });
  });

  test('because of a defect of ours says where it is, for whoever reports it', async () => {
    const { session, run } = open();
    session.answer(() => Promise.reject(new TypeError('x is undefined')));
    const error = errorOf((await run('1')).outcome);
    expect(error).toMatchObject({ ename: 'InternalError', evalue: 'x is undefined' });
    expect(error?.traceback).toEqual(expect.arrayContaining([expect.stringContaining('interpreter.test.ts')]));
  });

  test('because it was interrupted ends as KeyboardInterrupt', async () => {
    const { session, run } = open();
    session.answer(() => ({ end: 'interrupted' }));
    expect(errorOf((await run('1')).outcome)?.ename).toBe('KeyboardInterrupt');
  });

  test('because its context was given up says that the variables are gone, and counts anew', async () => {
    const { session, run } = open();
    session.text('Out[5]: 1').answer(() => ({ end: 'killed' })).text('Out[1]: 2');
    await run('1');
    expect(errorOf((await run('while True: pass')).outcome)).toMatchObject({ ename: 'KeyboardInterrupt', evalue: expect.stringContaining('variables') });
    expect((await run('2')).outputs).toEqual([result('2')]);
  });
});

describe('a cell that an interrupt does not end', () => {
  const told = 'Still cancelling; interrupt again to give up the context and its variables.';

  /** A cell that has run for a while and is then interrupted; `cancelled` ends it. */
  async function interruptedCell(cell: FakeCell, notice?: string) {
    const { session, clock, run } = open();
    const cancelled = deferred();
    session.answer(async (_, options) => {
      if (notice !== undefined) options.onNotice?.({ text: notice, replaced: [] });
      await cancelled.promise;
      return { end: 'interrupted' };
    });
    const running = run('while True: pass', cell);
    await clock.advance(10_000);
    cell.interrupt.abort();
    return { clock, ends: async () => (cancelled.resolve(), errorOf((await running).outcome)?.ename) };
  }

  test('says after three seconds what another costs, and leaves no trace of it', async () => {
    const cell = new FakeCell();
    const { clock, ends } = await interruptedCell(cell);
    await clock.advance(2999);
    expect(cell.outputs).toEqual([]);
    await clock.advance(1);
    expect(cell.outputs).toMatchObject([{ type: 'display_data', content: { data: { 'text/plain': told } } }]);
    expect(await ends()).toBe('KeyboardInterrupt');
    expect(cell.saved()).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });

  test('prints it where taking it away would take away what the cell has shown', async () => {
    const cell = new FakeCell();
    const { clock, ends } = await interruptedCell(cell, 'A new context.');
    await clock.advance(4000);
    expect(await ends()).toBe('KeyboardInterrupt');
    expect(cell.saved()).toEqual(['A new context.', told].map((text) => ({ type: 'stream', content: { name: 'stderr', text: `${text}\n` } })));
  });

  test.for<[what: string, silent: boolean, ms: number]>([
    ['that ends in time', false, 2000],
    ['that is silent', true, 5000],
  ])('%s says nothing', async ([, silent, ms]) => {
    const cell = new FakeCell({ silent });
    const { clock, ends } = await interruptedCell(cell);
    await clock.advance(ms);
    expect(await ends()).toBe('KeyboardInterrupt');
    await clock.advance(5000);
    expect([cell.outputs, clock.sleeping]).toEqual([[], 0]);
  });
});

test('a cell says what it waits for until its command is sent', async () => {
  const { session, clock, run } = open();
  const cell = new FakeCell();
  const opened = deferred();
  session.answer(async (_, options) => {
    options.onStage({ waitsFor: 'cluster', text: 'Waiting for cluster c at h' });
    await opened.promise;
    options.onStage(undefined);
    return { end: 'result', result: { kind: 'text', text: '1' } };
  });
  const running = run('print(1)', cell);
  await clock.advance(1000);
  expect(cell.outputs).toMatchObject([{ type: 'display_data', content: { data: { 'text/plain': 'Waiting for cluster c at h' } } }]);
  opened.resolve();
  await running;
  expect(cell.outputs.map(({ type }) => type)).toEqual(['display_data', 'clear_output', 'stream']);
  expect(cell.saved()).toEqual([stdout('1\n')]);
});

describe('%sh', () => {
  /** What the script's function prints last. */
  const ended = (sent: string, printed: string, code: string) => printed + JSON.parse(JSON.parse(/loads\((".*")\)/.exec(sent)?.[1] ?? '""')).boundary + code;

  test.for<[what: string, exit: string, error: string | undefined]>([
    ['succeeds', '0', undefined],
    ['fails with its exit code', '3', 'The script ended with exit code 3.'],
    ['fails with its signal', '-9', 'The script was ended by signal 9.'],
  ])('prints what the script printed, and %s', async ([, exit, error]) => {
    const { session, run } = open('sql');
    session.answer(({ code, language }) => {
      expect(language).toBe('python');
      return { end: 'result', result: { kind: 'text', text: ended(code, '<b>\nOut[1]: x\n', exit) } };
    });
    const { outcome, outputs } = await run('%sh ls\necho "é$HOME"');
    expect(outputs).toEqual([stdout('<b>\nOut[1]: x\n')]);
    expect(errorOf(outcome)?.evalue).toBe(error);
  });

  test.for<[cell: string, script: string, flags: readonly string[]]>([
    ['%sh ls -e', 'ls -e', []],
    ['%sh -e\nls', 'ls', ['-e']],
    ['%sh -e ls\npwd', 'ls\npwd', ['-e']],
    ["%sh\ncat <<'X'\n\\n\"'''\nX\n", "cat <<'X'\n\\n\"'''\nX\n", []],
  ])('hands its script over whole: %j', async ([cell, script, flags]) => {
    const { session, run } = open();
    session.text('');
    const argument: unknown = JSON.parse(JSON.parse(/loads\((".*")\)/.exec((await run(cell)).sent?.code ?? '')?.[1] ?? '""'));
    expect(argument).toMatchObject({ script, flags });
  });

  test('that the cluster could not run shows its error', async () => {
    const { session, run } = open('scala');
    session.answer({ kind: 'error', summary: 'OSError: no bash', cause: '' });
    expect(errorOf((await run('%sh ls')).outcome)).toMatchObject({ ename: 'OSError', evalue: 'no bash' });
  });
});

describe('user expressions', () => {
  test.for<[what: string, language: KernelLanguage, answer: CommandResult, evaluated: object]>([
    ['of Python are their value', 'python', { kind: 'text', text: 'Out[2]: 42' }, { status: 'ok', data: { 'text/plain': '42' }, metadata: {} }],
    ['of Scala are what the REPL says', 'scala', { kind: 'text', text: 'val res1: Int = 42\n' }, { status: 'ok', data: { 'text/plain': 'val res1: Int = 42' } }],
    ['of SQL are the one cell of their table', 'sql', one, { status: 'ok', data: { 'text/plain': '1' } }],
    [
      'of SQL are all digits of a cell with others in it',
      'sql',
      { kind: 'table', columns: [{ name: 'a', type: 'array<bigint>' }], rows: [[[9223372036854775807n, 1]]], truncated: false },
      { status: 'ok', data: { 'text/plain': '[9223372036854775807,1]' } },
    ],
    ['of SQL are written as the table writes them: a real number', 'sql', { ...one, columns: [{ name: 'n', type: 'double' }] }, { status: 'ok', data: { 'text/plain': '1.0' } }],
    ['of SQL are written as the table writes them: what Python calls False', 'sql', { ...one, columns: [{ name: 'n', type: 'boolean' }], rows: [['False']] }, { status: 'ok', data: { 'text/plain': 'false' } }],
    ['of SQL are null where there is nothing', 'sql', { ...one, rows: [[null]] }, { status: 'ok', data: { 'text/plain': 'null' } }],
    ['of SQL are the table', 'sql', { ...one, rows: [[1], [2]] }, { status: 'ok', data: { 'text/plain': 'n\n-\n1\n2', 'text/html': expect.stringContaining('<td') } }],
    ['that print are what they print', 'python', { kind: 'text', text: 'hello' }, { status: 'ok', data: { 'text/plain': 'hello' } }],
    ['that fail are their error', 'python', { kind: 'error', summary: 'NameError: x', cause: '' }, { status: 'error', ename: 'NameError', evalue: 'x' }],
  ])('%s', async ([, language, answer, evaluated]) => {
    const { session, interpreter } = open(language);
    session.answer(answer);
    expect(await interpreter.evaluate({ a: 'x' }, new FakeCell())).toMatchObject({ a: evaluated });
    expect(session.sent).toEqual([{ code: 'x', language }]);
  });

  test('that wait leave what the cell has printed', async () => {
    const { session, clock, interpreter, run } = open();
    const cell = new FakeCell();
    session.text('1');
    await run('print(1)', cell);
    const opened = deferred();
    const sent = deferred();
    session.answer(async (_, options) => {
      options.onStage({ waitsFor: 'context', text: 'Opening a context' });
      sent.resolve();
      await opened.promise;
      options.onStage(undefined);
      options.onNotice?.({ text: 'A new context.', replaced: ['python'] });
      return { end: 'result', result: { kind: 'text', text: 'Out[1]: 2' } };
    });
    const evaluating = interpreter.evaluate({ a: 'x' }, cell);
    await sent.promise;
    await clock.advance(5000);
    opened.resolve();
    await evaluating;
    expect(cell.outputs).toEqual([stdout('1\n'), { type: 'stream', content: { name: 'stderr', text: 'A new context.\n' } }]);
  });

  test('go on after one that could not be sent', async () => {
    const { session, interpreter } = open();
    session.answer(() => Promise.reject(new BridgeError('command', 'Not run.', {}))).text('Out[1]: 2');
    expect(await interpreter.evaluate({ a: 'x', b: 'y' }, new FakeCell())).toMatchObject({ a: { status: 'error', evalue: 'Not run.' }, b: { status: 'ok' } });
  });
});

test('the end of the interpreter closes its session', async () => {
  const { session, interpreter } = open();
  await interpreter[Symbol.asyncDispose]();
  expect(session.closedWithin).toBe(2000);
});
