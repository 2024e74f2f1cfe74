import { expect, test } from 'vitest';
import { BridgeError } from '../../../src/lib/errors.ts';
import { address, readConnectionFile, writePorts } from '../../../src/wire/connection-file.ts';
import { writeConnectionFile } from '../../support/client-wire.ts';
import { readFile, readdir } from 'node:fs/promises';

const ports = { shell_port: 1, control_port: 2, stdin_port: 3, iopub_port: 4, hb_port: 5 };
const file = { transport: 'tcp', ip: '127.0.0.1', key: 'k', signature_scheme: 'hmac-sha256', kernel_name: 'x', ...ports };
const read = {
  transport: 'tcp', ip: '127.0.0.1', key: 'k', digest: 'sha256', ports: { shell: 1, control: 2, stdin: 3, iopub: 4, hb: 5 },
};
const z85 = 'x'.repeat(40);

test.for<[string, object, object]>([
  ['as jupyter_client writes it', file, read],
  ['with ports as text', { ...file, hb_port: '5' }, read],
  ['without what has a default', ports, { ...read, key: '' }],
  ['with null for what has a default', { ...file, transport: null, ip: null }, read],
  ['without signatures', { ...file, key: '', signature_scheme: '' }, { ...read, key: '' }],
  ['with another digest', { ...file, signature_scheme: 'hmac-sha512' }, { ...read, digest: 'sha512' }],
  ['for ipc', { ...file, transport: 'ipc', ip: '/tmp/k' }, { ...read, transport: 'ipc', ip: '/tmp/k' }],
  ['with Curve keys', { ...file, curve_publickey: z85, curve_secretkey: z85 }, { ...read, curve: { publicKey: z85, secretKey: z85 } }],
  ['with Curve keys that are null', { ...file, curve_publickey: null, curve_secretkey: null }, read],
  [
    'that asks to be registered with',
    { kernel_id: 'id', transport: 'tcp', ip: '127.0.0.1', registration_ip: '127.0.0.1', registration_port: '99', key: 'k', signature_scheme: 'hmac-sha256' },
    { ...read, ports: { shell: 0, control: 0, stdin: 0, iopub: 0, hb: 0 }, registration: { ip: '127.0.0.1', port: 99, kernelId: 'id' } },
  ],
])('a connection file %s', async ([, content, expected]) => {
  await using written = await writeConnectionFile(content);
  expect(await readConnectionFile(written.path)).toEqual(expected);
});

test.for<[string, unknown, string]>([
  ['empty', '', 'is not a JSON object'],
  ['torn', '{"shell_port": 1', 'is not a JSON object'],
  ['a list', [], 'is not a JSON object'],
  ['without a port', { ...file, hb_port: undefined }, 'must hold a port number as hb_port, not undefined'],
  ['with a port out of range', { ...file, shell_port: 70_000 }, 'must hold a port number as shell_port, not 70000'],
  ['with a port that is a word', { ...file, shell_port: 'http' }, 'must hold a port number as shell_port, not "http"'],
  ['with a fraction', { ...file, shell_port: 1.5 }, 'must hold a port number as shell_port, not 1.5'],
  ['for another transport', { ...file, transport: 'udp' }, 'asks for the transport "udp"; tcp and ipc are known'],
  ['with an unknown scheme', { ...file, signature_scheme: 'hmac-rot13' }, 'asks for the unknown signature_scheme "hmac-rot13"'],
  ['with a key that is a number', { ...file, key: 5 }, 'must hold a string as key'],
  ['with half of the Curve keys', { ...file, curve_publickey: z85 },
    'must hold both curve_publickey and curve_secretkey, 40 characters each, or neither'],
])('a connection file that is %s is refused in one sentence', async ([, content, problem]) => {
  await using written = await writeConnectionFile(content);
  const error = await readConnectionFile(written.path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BridgeError);
  expect(error).toMatchObject({ code: 'config', message: `The connection file ${written.path} ${problem}.` });
});

test('a connection file that does not exist is named', async () => {
  await expect(readConnectionFile('/no/such/file.json')).rejects.toThrow('The connection file /no/such/file.json does not exist.');
});

test('bound ports are written back beside all else that the file holds', async () => {
  await using written = await writeConnectionFile({ ...file, shell_port: 0, jupyter_session: 's' });
  await writePorts(written.path, { shell: 10, control: 20, stdin: 30, iopub: 40, hb: 50 });
  expect(JSON.parse(await readFile(written.path, 'utf8'))).toEqual({
    ...file, jupyter_session: 's', shell_port: 10, control_port: 20, stdin_port: 30, iopub_port: 40, hb_port: 50,
  });
  expect(await readdir(written.directory)).toEqual(['connection.json']);
});

test.for([
  ['tcp', '127.0.0.1', 5, 'tcp://127.0.0.1:5'],
  ['tcp', '127.0.0.1', 0, 'tcp://127.0.0.1:*'],
  ['tcp', '::1', 5, 'tcp://[::1]:5'],
  ['ipc', '/tmp/k', 5, 'ipc:///tmp/k-5'],
] as const)('%s %s %i is %s', ([transport, ip, port, expected]) => {
  expect(address({ transport, ip }, port)).toBe(expected);
});
