// Tables, from the text of the server's answer to what a notebook shows.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ours } from '../experiment.mjs';
import { output } from '../processes.mjs';
import { bundle } from '../support.mjs';
import { tableAnswer } from '../table-data.mjs';

/** @typedef {import('../experiment.mjs').Context} Context */

/** Rows and columns; whether a quick run takes it. */
const sizes = /** @type {const} */ ([
  [100, 5, true], [100, 20, false], [100, 50, false],
  [1_000, 5, false], [1_000, 20, true], [1_000, 50, false],
  [10_000, 5, false], [10_000, 20, true], [10_000, 50, false],
]);

const nameOf = (/** @type {number} */ rows, /** @type {number} */ columns) => `${rows}x${columns}`;
const wholeText = `${ours}, all rows as text`;

/** @param {Context} context @returns {Promise<ReadonlyMap<string, string>>} the files that hold the answers, by size */
async function writeAnswers(context) {
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const [rows, columns, quick] of sizes) {
    if (context.quick && !quick) continue;
    const file = join(context.directory, `${nameOf(rows, columns)}.json`);
    await writeFile(file, tableAnswer(rows, columns));
    files.set(nameOf(rows, columns), file);
  }
  return files;
}

/**
 * Each table in a process of its own, which tells what it took and how much it showed.
 * @param {(context: Context, file: string, rows: string) => readonly [program: string, args: readonly string[]]} command
 * @param {number} [most] so many rows at most are in the text
 * @returns {import('../experiment.mjs').Contestant}
 */
const eachTable = (command, most = Infinity) => async (context) => {
  /** @type {Record<string, number>} */
  const measured = {};
  for (const [size, file] of await context.shared(writeAnswers)) {
    const [program, args] = command(context, file, size.split('x')[0] ?? '');
    const { ms, mib, htmlRows, textLines } = JSON.parse(await output(program, args, context.directory, context.env()));
    const rows = Number(size.split('x')[0]);
    // A header stands above them.
    if (htmlRows <= rows || textLines <= Math.min(rows, most)) throw new Error(`of ${rows} rows fewer are shown: ${htmlRows} in the HTML, ${textLines} lines of text`);
    measured[`time-${size}`] = ms;
    if (mib !== undefined) measured[`memory-${size}`] = mib;
  }
  return measured;
};

/** Rows that the kernel shows of a long table where only text is shown. */
const shownAsText = 50;

const pandasProgram = fileURLToPath(new URL('../render_table.py', import.meta.url));
const ourProgram = () => bundle('scripts/bench/render-table.mjs');

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'tables',
    group: 'tables',
    title: 'A table becomes HTML and text',
    figures: [
      ...sizes.map(([rows, columns]) => ({
        id: `time-${nameOf(rows, columns)}`,
        title: `${rows} rows × ${columns} columns`,
        unit: /** @type {const} */ ('ms'),
        ...(rows === 10_000 && columns === 20 && { target: { text: 'five times as fast as pandas, also with all rows as text', holds: (/** @type {(name: string) => number} */ median) => Math.max(median(ours), median(wholeText)) * 5 <= median('pandas') } }),
      })),
      ...sizes.map(([rows, columns]) => ({ id: `memory-${nameOf(rows, columns)}`, title: `${rows} rows × ${columns} columns: memory at most`, unit: /** @type {const} */ ('MiB') })),
    ],
    contestants: {
      [ours]: async (context) => {
        const program = await context.shared(ourProgram);
        return eachTable((_, file) => [process.execPath, [program, file]], shownAsText)(context);
      },
      [wholeText]: async (context) => {
        const program = await context.shared(ourProgram);
        return eachTable((_, file, rows) => [process.execPath, [program, file, rows]])(context);
      },
      pandas: eachTable(({ rivals }, file) => [rivals.python('pandas'), [pandasProgram, file]]),
    },
    turns: { quick: 1, full: 5 },
    note: 'Each in a new process. Ours begins with the text of the server\'s answer, and shows all rows as HTML and the first 50 as text; pandas begins with a DataFrame (to_html + to_string).',
  },
];
