import { expect, test } from 'vitest';
import { isLoopback } from '../../../src/lib/loopback.ts';

test.for<[host: string, isThisMachine: boolean]>([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.example.com', false],
  ['127.0.0.1.example.com', false],
  ['localhost.example.com', false],
])('%s: %s', ([host, isThisMachine]) => {
  expect(isLoopback(host)).toBe(isThisMachine);
});
