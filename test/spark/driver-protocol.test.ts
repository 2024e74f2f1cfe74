import { mkdir, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Reception } from '../../src/workspace/driver/channel.ts';
import { driverJar } from '../../src/workspace/driver/compile.ts';
import { startJvm } from '../../src/workspace/driver/jvm.ts';
import { startPython } from '../../src/workspace/driver/python.ts';
import { testOptions } from '../fixtures/drivers/test-driver.ts';
import { transcript } from '../fixtures/drivers/transcript.ts';

test('the golden transcript holds against the real JVM and the real Python process', async () => {
  const { runtime, cacheDirectory, workDirectory, dbfsRoot, logFile, directory } = testOptions();
  const jar = await driverJar(runtime, cacheDirectory, () => undefined);
  await mkdir(workDirectory);
  await using reception = await Reception.open();
  const jvm = await startJvm({ runtime, python: runtime.python, jar, workDirectory, logFile, reception, sparkConf: {} });
  try {
    let python;
    for (const { to, send: { method, ...parameters }, answer } of transcript({ SCRATCH: workDirectory, DBFS: dbfsRoot, JAR: jar })) {
      if (to === 'python' && !python) {
        const gateway = await jvm.channel.request('gateway', { context: 'c' });
        python = await startPython({ python: runtime.python, sparkHome: runtime.sparkHome, workDirectory, logFile, reception, gateway, count: 0 });
      }
      const { channel } = to === 'python' && python ? python : jvm;
      const given = channel.request(method, parameters).then((result) => ({ result }), (error: Error) => ({ error: error.message }));
      expect(await given).toEqual(answer);
    }
    expect(await python?.exited).toBe('exit code 0');
  } finally {
    jvm.channel.close();
    expect(await jvm.exited).toBe('exit code 0');
    await rm(directory, { recursive: true });
  }
});
