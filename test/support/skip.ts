import type { TestContext } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Why the test was skipped: `npm test` lists it. */
    skipped?: string;
  }
}

/** Ends the test as skipped, and says why in the listing of `npm test`. */
export function skip(context: TestContext, reason: string): never {
  context.task.meta.skipped = reason;
  return context.skip(reason);
}
