import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { packageFile } from '../../src/lib/package-file.ts';
import { startDatabricksKernel } from '../support/databricks-kernel.ts';
import { comparable, joined, outputsOf, readNotebook } from '../support/notebook.ts';

const home = inject('sparkEnvironment')['DATABRICKS_KERNEL_HOME'] ?? '';

beforeAll(() => cp(packageFile('examples', 'data'), join(home, 'dbfs', 'databricks-datasets'), { recursive: true }));

describe.for(['python', 'scala', 'sql'] as const)('examples/tour-%s.ipynb', async (language) => {
  const { cells } = await readNotebook(packageFile('examples', `tour-${language}.ipynb`));
  const codeCells = cells.filter(({ cell_type }) => cell_type === 'code');

  test('was saved with the outputs of one run from top to bottom', () => {
    expect(codeCells.map(({ execution_count }) => execution_count)).toEqual(codeCells.map((_, index) => index + 1));
  });

  test('still gives what it was saved with', async () => {
    await using kernel = await startDatabricksKernel(language);
    for (const { id, source, metadata, execution_count, outputs = [] } of codeCells) {
      const mayFail = metadata.tags?.includes('raises-exception') ?? false;
      const executed = await kernel.execute(joined(source), { stop_on_error: !mayFail });
      expect(comparable(outputsOf(executed.outputs)), id).toEqual(comparable(outputs));
      expect(executed.reply.execution_count, id).toBe(execution_count);
      expect(executed.reply.status, id).toBe(mayFail ? 'error' : 'ok');
    }
  });
});
