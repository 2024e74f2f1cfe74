import type { LaunchCommand } from '../workspace/locate.ts';

/** Settings for real workspaces, and for a Spark or Python that is not the embedded workspace's: PYTHONPATH often names another PySpark. */
const foreign = /^(DATABRICKS_(?!KERNEL_)|ARM_|SPARK_|PYSPARK_|HADOOP_|PYTHONPATH$|PYTHONHOME$|PYTHONSTARTUP$)/;

/**
 * How this very program is started as the server of the embedded workspace. Settings for real workspaces, credentials among them, are
 * kept from it: they would show in the environment of every cell that it runs.
 * @param serveArguments options of the hidden `workspace serve`
 */
export function workspaceLaunch(serveArguments: readonly string[] = []): LaunchCommand {
  const program = process.argv[1] ?? '';
  const settings = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { command: process.execPath, args: [program, 'workspace', 'serve', ...serveArguments], env: Object.fromEntries(settings) };
}
