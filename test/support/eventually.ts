/** Resolves when `condition` holds; for what no message announces. The test's own time limit ends it otherwise. */
export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
