import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// No setting of whoever runs the tests reaches a kernel under test: it could be a workspace that costs money.
for (const name of Object.keys(process.env)) if (name.startsWith('DATABRICKS_')) delete process.env[name];
const home = join(import.meta.dirname, '..', '.cache', 'test', 'home');
const env = {
  DATABRICKS_HOST: 'embedded',
  DATABRICKS_KERNEL_HOME: home,
  DATABRICKS_CONFIG_FILE: join(home, 'databrickscfg'),
};

const seconds = 1000;

/** What all projects share; `limit` is how long one test may take before it is given up as hung, on a machine with much else to do. */
function project(name: string, limit: number, more: object = {}): object {
  return {
    test: {
      name,
      root: join(import.meta.dirname, '..'),
      include: [`test/${name}/**/*.test.ts`],
      pool: 'forks',
      env,
      testTimeout: limit,
      hookTimeout: limit,
      retry: 0,
      // The client library of JupyterLab logs each connection.
      silent: 'passed-only',
      ...more,
    },
  };
}

/** As many files at once as there are cores: these tests mostly wait for processes that they started. */
const atOnce = { maxWorkers: '100%' };
/** Tests that start the program find it built; those on Spark share one embedded workspace, and take turns. */
const built = { ...atOnce, globalSetup: ['test/support/dist.ts'] };
const onSpark = { globalSetup: ['test/support/dist.ts', 'test/support/spark-workspace.ts'], fileParallelism: false, maxWorkers: 1 };

export default defineConfig({
  test: {
    root: join(import.meta.dirname, '..'),
    // What the front ends' client logs of its connections matters only where a test fails.
    silent: 'passed-only',
    projects: [
      project('unit', 60 * seconds, atOnce),
      project('contract', 60 * seconds, atOnce),
      project('kernel', 120 * seconds, built),
      project('spark', 300 * seconds, onSpark),
      project('frontends', 600 * seconds, onSpark),
      project('faults', 180 * seconds, built),
      project('soak', 600 * seconds, built),
    ],
  },
});
