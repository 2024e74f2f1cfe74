import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isOurs, kernelSpec, logos, templateFile } from '../../../src/kernelspec/spec.ts';
import { kernelLanguages, type KernelLanguage } from '../../../src/languages/info.ts';
import { packageVersion } from '../../../src/lib/package-file.ts';

const options = { node: '/opt/my node/bin/node', main: '/opt/my kernels/dist/main.js', env: {} };
const languages = Object.keys(kernelLanguages) as KernelLanguage[];

test.for(languages)('the %s kernel.json is what Jupyter needs to start the kernel', (language) => {
  expect(kernelSpec(language, options)).toEqual({
    argv: ['/opt/my node/bin/node', '--max-semi-space-size=2', '/opt/my kernels/dist/main.js', 'run', '--language', language, '-f', '{connection_file}'],
    display_name: kernelLanguages[language].displayName,
    language: kernelLanguages[language].languageInfo.name,
    interrupt_mode: 'message',
    kernel_protocol_version: '5.5',
    env: {},
    metadata: { debugger: false, supported_encryption: ['curve'], 'databricks-kernel': packageVersion },
  });
});

test('a kernel of another name has other arguments, by which VS Code tells it from the one beside it', () => {
  expect(kernelSpec('python', { ...options, name: 'dev' }).argv.slice(3)).toEqual(['run', '--language', 'python', '--name', 'dev', '-f', '{connection_file}']);
});

test('settings become variables of the kernel, with what Jupyter would expand kept as it is', () => {
  const env = { DATABRICKS_CONFIG_PROFILE: 'PROD', HTTPS_PROXY: 'http://proxy:80/$x${HOME}' };
  expect(kernelSpec('sql', { ...options, env }).env).toEqual({
    DATABRICKS_CONFIG_PROFILE: 'PROD',
    HTTPS_PROXY: 'http://proxy:80/$$x$${HOME}',
  });
});

test.for([
  ['DATABRICKS_TOKEN', 'dapi0'],
  ['DATABRICKS_PASSWORD', 'x'],
  ['DATABRICKS_CLIENT_SECRET', 'x'],
  ['DATABRICKS_HOST', 'https://ann:secret@example.com'],
] as const)('%s is refused, and not repeated', ([name, value]) => {
  const attempt = (): unknown => kernelSpec('sql', { ...options, env: { [name]: value } });
  expect(attempt).toThrow(`${name} holds a secret`);
  expect(attempt).not.toThrow(value);
});

test('a variable that is emptied holds no secret', () => {
  expect(kernelSpec('sql', { ...options, env: { DATABRICKS_TOKEN: '' } }).env).toEqual({ DATABRICKS_TOKEN: '' });
});

test.for<[string, boolean]>([
  [JSON.stringify(kernelSpec('sql', options)), true],
  ['{"argv": ["python3"], "metadata": {"debugger": true}}', false],
  ['{"argv": ["python3"]}', false],
  ['null', false],
  ['{', false],
])('%s is ours: %s', ([text, expected]) => {
  expect(isOurs(text)).toBe(expected);
});

test.for(languages.flatMap((language) => logos.map((logo) => [language, logo] as const)))('%s has a %s of its own', ([language, logo]) => {
  const image = readFileSync(templateFile(language, logo));
  const others = languages.filter((other) => other !== language).map((other) => readFileSync(templateFile(other, logo)));
  expect(others.some((other) => other.equals(image))).toBe(false);
  if (!logo.endsWith('.png')) return expect(image.toString()).toMatch(/^<svg xmlns=/);
  // The header of a PNG: width and height, big-endian.
  const side = Number(/\d+/.exec(logo)?.[0]);
  expect([image.toString('latin1', 1, 4), image.readUInt32BE(16), image.readUInt32BE(20)]).toEqual(['PNG', side, side]);
});
