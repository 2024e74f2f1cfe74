import { expect, test } from 'vitest';
import { kernelLanguages, type KernelLanguage } from '../../src/languages/info.ts';
import { cellSignal, type CellSignal } from '../support/cell-signal.ts';
import { useLab } from '../support/lab.ts';

const lab = useLab();
const python = kernelLanguages.python.displayName;

test('Tab completes the word at the cursor, also behind characters of two UTF-16 units', async () => {
  await lab().write('tab.ipynb', 'python', ['unit_price = 3\nunit_prices = [unit_price]', '']);
  await using window = await lab().open('tab.ipynb');
  const { notebook } = window;
  await notebook.kernelIs('idle', python);
  await notebook.cell(1).press('Control+Enter');
  await notebook.cell(1).hasPrompt(1);
  const cell = notebook.cell(2);
  await cell.write("'🎉🎉', unit_pr, '🎉'");
  await cell.press('ArrowLeft', ", '🎉'".length - 1);
  await cell.press('Tab');
  await window.completions.nth(1).waitFor();
  expect(await window.completions.locator('code:first-of-type').allInnerTexts()).toEqual(['unit_price', 'unit_prices']);
  await window.picture('completions');
  await cell.press('ArrowDown');
  await cell.press('Enter');
  await cell.editor.filter({ hasText: "'🎉🎉', unit_prices, '🎉'" }).waitFor();
});

test.for<{ language: KernelLanguage; defines: string; name: string }>([
  { language: 'python', defines: 'def celsius(fahrenheit):\n    return (fahrenheit - 32) / 1.8', name: 'celsius' },
  { language: 'scala', defines: 'def celsius(fahrenheit: Double) = (fahrenheit - 32) / 1.8', name: 'celsius' },
  { language: 'sql', defines: 'CREATE OR REPLACE TEMP VIEW readings AS SELECT 1 AS celsius', name: 'readings' },
])('Shift-Tab and contextual help tell where a name of $language was defined', async ({ language, defines, name }) => {
  const file = `help-${language}.ipynb`;
  await lab().write(file, language, [defines, '']);
  await using window = await lab().open(file);
  const { notebook } = window;
  await notebook.kernelIs('idle', kernelLanguages[language].displayName);
  await notebook.cell(1).press('Control+Enter');
  await notebook.cell(1).hasPrompt(1);
  await notebook.cell(2).write(name);
  await notebook.cell(2).press('Shift+Tab');
  await window.tooltip.filter({ hasText: `${name}: defined in cell 1` }).waitFor();
  await notebook.cell(2).press('Escape');
  await window.tooltip.waitFor({ state: 'detached' });
  await window.choose('Help', 'Show Contextual Help');
  await window.contextualHelp.waitFor();
  await notebook.cell(2).press('ArrowLeft');
  await window.contextualHelp.filter({ hasText: `${name}: defined in cell 1` }).waitFor();
  expect(await window.contextualHelp.innerText()).toContain(defines.split('\n', 1)[0]);
});

test('a question mark behind a magic shows its help below the cell', async () => {
  await lab().write('question.ipynb', 'sql', ['%config?']);
  await using window = await lab().open('question.ipynb');
  const cell = window.notebook.cell(1);
  await window.notebook.kernelIs('idle', kernelLanguages.sql.displayName);
  await cell.press('Control+Enter');
  await cell.hasPrompt(1);
  await cell.shows(/%config KEY=VALUE/);
});

const manyRows = 'range(1000000000) a CROSS JOIN range(1000000) b';
test.for<{ language: KernelLanguage; keeps: string; hangs: (signal: CellSignal) => string; uses: string }>([
  { language: 'python', keeps: 'kept = 41', hangs: ({ python }) => `${python}\nimport time\nwhile True:\n    time.sleep(0.1)`, uses: 'kept + 1' },
  { language: 'scala', keeps: 'val kept = 41', hangs: ({ scala }) => `${scala}\nspark.sql("SELECT sum(a.id * b.id % 7) FROM ${manyRows}").show()`, uses: 'kept + 1' },
  // Nothing in SQL could give a signal.
  { language: 'sql', keeps: 'CREATE OR REPLACE TEMP VIEW kept AS SELECT 41 AS n', hangs: () => `SELECT sum(a.id * b.id % 7) FROM ${manyRows}`, uses: 'SELECT n + 1 FROM kept' },
])('the stop button ends a cell of $language and nothing else', async ({ language, keeps, hangs, uses }) => {
  const { displayName } = kernelLanguages[language];
  await using signal = await cellSignal();
  await lab().write(`stop-${language}.ipynb`, language, [keeps, hangs(signal), uses]);
  await using window = await lab().open(`stop-${language}.ipynb`);
  const { notebook } = window;
  await notebook.kernelIs('idle', displayName);
  await notebook.cell(1).press('Control+Enter');
  await notebook.cell(1).hasPrompt(1);
  await notebook.cell(2).press('Control+Enter');
  await notebook.kernelIs('busy', displayName);
  await window.statusBarShows(`${displayName} | Busy`);
  await notebook.cell(2).hasPrompt('*');
  if (language !== 'sql') await signal.arrived();
  await notebook.press('interrupt');
  await notebook.cell(2).error.filter({ hasText: 'KeyboardInterrupt' }).waitFor();
  await notebook.kernelIs('idle', displayName);
  await notebook.cell(3).press('Control+Enter');
  await notebook.cell(3).hasPrompt(3);
  await notebook.cell(3).shows('42');
});

test('restart forgets the variables; restart and run all makes them again', async () => {
  await lab().write('restart.ipynb', 'python', ['answer = 6 * 7', 'answer']);
  await using window = await lab().open('restart.ipynb');
  const { notebook } = window;
  await notebook.kernelIs('idle', python);
  await window.choose('Run', 'Run All Cells');
  await notebook.cell(2).shows('42');

  await notebook.press('restart');
  await window.confirmRestart();
  await notebook.kernelIs('idle', python);
  await notebook.cell(2).press('Control+Enter');
  await notebook.cell(2).error.filter({ hasText: "name 'answer' is not defined" }).waitFor();
  await notebook.cell(2).hasPrompt(1);

  await notebook.press('restart-and-run');
  await window.confirmRestart();
  await notebook.cell(2).hasPrompt(2);
  await notebook.cell(2).shows('42');
  await notebook.kernelIs('idle', python);
});

test('a second window on a notebook has its outputs and its kernel, and leaves the first its own', async () => {
  await lab().write('shared.ipynb', 'scala', ['val answer = 6 * 7', '', '']);
  await using first = await lab().open('shared.ipynb');
  const scala = kernelLanguages.scala.displayName;
  await first.notebook.kernelIs('idle', scala);
  await first.notebook.cell(1).press('Control+Enter');
  await first.notebook.cell(1).hasPrompt(1);
  await first.notebook.save();
  {
    await using second = await lab().open('shared.ipynb');
    await second.notebook.kernelIs('idle', scala);
    await second.notebook.cell(1).shows('val answer: Int = 42');
    await second.notebook.cell(2).run('val half = answer / 2');
    await second.notebook.cell(2).hasPrompt(2);
    await second.notebook.cell(2).shows('val half: Int = 21');
  }
  await first.notebook.cell(3).run('half + answer');
  await first.notebook.cell(3).hasPrompt(3);
  await first.notebook.cell(3).shows('63');
});

test('a console executes what is complete, asks for more of what is not, and remembers', async () => {
  await using window = await lab().open();
  await window.launcherCard('Console', python).click();
  const { console, page } = window;
  await console.banner.filter({ hasText: 'Databricks Python' }).waitFor();
  await window.statusBarShows(`${python} | Idle`);
  // JupyterLab waits a quarter of a second to be told whether code is complete, and a new kernel may take longer.
  await console.prompt.write('1');
  await console.prompt.press('Enter');
  await console.cell(1).hasPrompt(1);
  await console.prompt.write('def double(x):');
  await console.prompt.press('Enter');
  await console.prompt.editor.locator('.cm-line').nth(1).waitFor();
  await page.keyboard.insertText('return 2 * x');
  await console.prompt.press('Enter');
  await console.prompt.editor.locator('.cm-line').nth(2).waitFor();
  await console.prompt.press('Enter');
  await console.cell(2).hasPrompt(2);
  await console.prompt.write('double(21)');
  await console.prompt.press('Enter');
  await console.cell(3).hasPrompt(3);
  await console.cell(3).shows('42');
  await console.prompt.press('ArrowUp');
  await console.prompt.editor.filter({ hasText: 'double(21)' }).waitFor();
  await window.picture('console');
});
