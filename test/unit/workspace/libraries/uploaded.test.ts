import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keepUpload } from '../../../../src/workspace/libraries/uploaded.ts';

const memory = '/dev/shm';
const apart = existsSync(memory) && statSync(memory).dev !== statSync(tmpdir()).dev;

function directoryIn(parent: string): string {
  const directory = mkdtempSync(join(parent, 'uploaded-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test.skipIf(!apart)('an upload is kept where dbfs:/ lies on another file system', async () => {
  const [path, root] = [join(directoryIn(tmpdir()), 'upload'), directoryIn(memory)];
  const zip = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1');
  await writeFile(path, zip);
  const { files } = await keepUpload('java-jar', 'mine', { kind: 'file', path, name: 'mine.jar' }, root);
  expect(readFileSync(join(root, 'FileStore', 'jars', files[0] ?? ''))).toEqual(zip);
  expect(existsSync(path)).toBe(false);
});
