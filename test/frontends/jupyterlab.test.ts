import { describe, expect, test } from 'vitest';
import { kernelLanguages, type KernelLanguage } from '../../src/languages/info.ts';
import { useLab } from '../support/lab.ts';
import { loadedWidth } from '../support/lab-page.ts';

const lab = useLab();

test('the launcher has the three kernels, by name and logo', async () => {
  await using window = await lab().open();
  for (const { displayName } of Object.values(kernelLanguages)) {
    for (const heading of ['Notebook', 'Console'] as const) {
      const card = window.launcherCard(heading, displayName);
      expect(await card.innerText()).toBe(displayName);
      expect(await loadedWidth(card.locator('img')), `${heading}, ${displayName}`).toBeGreaterThanOrEqual(32);
    }
  }
  await window.picture('launcher');
});

test.for(Object.values(kernelLanguages))('$displayName in the launcher opens a notebook on that kernel', async ({ displayName }) => {
  await using window = await lab().open();
  await window.launcherCard('Notebook', displayName).click();
  await window.notebook.kernelIs('idle', displayName);
  await window.statusBarShows(`${displayName} | Idle`);
});

/** The same three things in each language: a table, an error, and a cell that must not run. */
const notebooks: readonly { language: KernelLanguage; cells: readonly string[]; rows: readonly string[]; keyword: string; error: RegExp }[] = [
  {
    language: 'python',
    cells: ['from pyspark.sql import functions as F\ndisplay(spark.range(3).select("id", F.pow("id", 2).alias("square")))', '{}["missing"]', 'print("never")'],
    rows: ['id\tsquare', '0\t0.0', '1\t1.0', '2\t4.0'],
    keyword: 'import',
    error: /KeyError.*Traceback \(most recent call last\).*'missing'/s,
  },
  {
    language: 'scala',
    cells: ['val squares = Seq(0, 1, 2).map(n => (n, n * n)).toDF("id", "square")\ndisplay(squares)', 'throw new IllegalStateException("missing")', 'println("never")'],
    rows: ['id\tsquare', '0\t0', '1\t1', '2\t4'],
    keyword: 'val',
    error: /java\.lang\.IllegalStateException: missing/,
  },
  {
    language: 'sql',
    cells: ['SELECT id, id * id AS square\nFROM range(3)', 'SELECT missing', "SELECT 'never'"],
    rows: ['id\tsquare', '0\t0', '1\t1', '2\t4'],
    keyword: 'SELECT',
    error: /AnalysisException: \[UNRESOLVED_COLUMN.*`missing`/,
  },
];

describe.for(notebooks)('Run All in a notebook of $language', ({ language, cells, rows, keyword, error }) => {
  test('shows tables and errors, stops at the first error, and is what is saved', async () => {
    const { kernelName, displayName, languageInfo } = kernelLanguages[language];
    const file = `${language}.ipynb`;
    await lab().write(file, language, cells);
    {
      await using window = await lab().open(file);
      const { notebook } = window;
      await notebook.kernelIs('idle', displayName);
      await window.choose('Run', 'Run All Cells');

      await notebook.cell(1).hasPrompt(1);
      expect(await notebook.cell(1).rows()).toEqual(rows);
      await notebook.cell(2).hasPrompt(2);
      expect(await notebook.cell(2).error.innerText()).toMatch(error);
      expect(await notebook.cell(2).error.locator('[class*="ansi-"]').count()).toBeGreaterThan(0);
      await notebook.kernelIs('idle', displayName);
      await window.statusBarShows(`${displayName} | Idle`);
      await notebook.cell(3).hasPrompt(' ');
      expect(await notebook.cell(3).output.innerText()).toBe('');

      await notebook.cell(1).highlighted(keyword).waitFor();
      expect(await notebook.cell(1).editor.getAttribute('data-language')).toBe(language);
      await notebook.save();
    }
    expect(await lab().read(file)).toMatchObject({
      metadata: { kernelspec: { name: kernelName, display_name: displayName, language }, language_info: languageInfo },
      cells: [
        { execution_count: 1, outputs: [{ output_type: 'display_data', data: { 'text/html': expect.anything(), 'text/plain': expect.anything() } }] },
        { execution_count: 2, outputs: [{ output_type: 'error', ename: expect.stringMatching(/\w/), traceback: expect.anything() }] },
        { execution_count: null, outputs: [] },
      ],
    });

    await lab().shutDownKernels();
    await using again = await lab().open(file);
    expect(await again.notebook.cell(1).rows()).toEqual(rows);
    expect(await again.notebook.cell(2).error.innerText()).toMatch(error);
  });
});

test('the Python tour, as the README shows it', async () => {
  await lab().copyTour('tour-python.ipynb');
  await using window = await lab().open('tour-python.ipynb');
  const { notebook } = window;
  await notebook.kernelIs('idle', 'Databricks Python');
  await window.choose('Run', 'Run All Cells');
  await notebook.cellWith('delays["SFO"] = 15.2').hasPrompt(11);
  const plot = notebook.cellWith('plt.subplots');
  expect(await loadedWidth(plot.image)).toBeGreaterThan(600);
  expect(await notebook.cellWith('%sql').rows()).toEqual(['from_state\tto_state\tflights', ...Array<unknown>(5).fill(expect.stringMatching(/^[A-Z]{2}\t[A-Z]{2}\t\d+$/))]);
  expect(await notebook.cellWith('delays["SFO"]\n').error.innerText()).toContain("KeyError: 'SFO'");
  await notebook.save();
  await window.hideSidebar();
  await notebook.scrollTo('A plot');
});
