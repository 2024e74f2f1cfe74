import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { packageFile } from '../../src/lib/package-file.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Environment variables of every kernel and command under test: one embedded workspace, which the first of them starts. */
    sparkEnvironment: Readonly<Record<string, string>>;
  }
}

/** Global set-up of the projects that run on Spark: a home of their own, whose workspace is stopped when all tests have run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'databricks-kernel-spark-'));
  const environment = {
    DATABRICKS_HOST: 'embedded',
    DATABRICKS_KERNEL_HOME: join(home, 'home'),
    DATABRICKS_CONFIG_FILE: join(home, 'databrickscfg'),
  };
  project.provide('sparkEnvironment', environment);
  return async () => {
    const stop = [packageFile('dist', 'main.js'), 'workspace', 'stop'];
    await promisify(execFile)(process.execPath, stop, { env: { ...process.env, ...environment } });
    await rm(home, { recursive: true });
  };
}
