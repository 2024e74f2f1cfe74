const needed = 'the embedded workspace needs it for itself';
const isLibrary = 'install a library on the cluster instead';
const isOption = 'JDK_JAVA_OPTIONS in the environment of the embedded workspace holds the options of all drivers';

/** Settings that users cannot make, and why. What is not here goes to Spark as it is. */
const refused: Readonly<Record<string, string>> = {
  'spark.master': 'the number of workers and "workspace start --master" decide it',
  'spark.driver.host': needed,
  'spark.driver.bindAddress': needed,
  'spark.local.dir': needed,
  'spark.repl.class.outputDir': needed,
  'spark.repl.class.uri': needed,
  'spark.sql.catalogImplementation': needed,
  'spark.sql.warehouse.dir': needed,
  'spark.submit.deployMode': needed,
  'spark.jars': isLibrary,
  'spark.jars.packages': isLibrary,
  'spark.driver.extraClassPath': isLibrary,
  'spark.driver.extraJavaOptions': isOption,
  'spark.driver.defaultJavaOptions': isOption,
  'spark.driver.extraLibraryPath': isOption,
};

/** Why a setting of Spark cannot be made for a cluster; `undefined` for one that can. */
export function refusedKey(key: string): string | undefined {
  if (key === '') return 'a setting needs a name';
  if (key.startsWith('spark.hadoop.fs.dbfs.')) return needed;
  return Object.hasOwn(refused, key) ? refused[key] : undefined;
}
