import { timingSafeEqual } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { checkLogin } from '../../../src/workspace/guard.ts';

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) };
});

const compared = vi.mocked(timingSafeEqual);
beforeEach(() => void compared.mockClear());

const token = 'the-token';
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test.for([
  [basic(`token:${token}`), true],
  [basic('token:the-tokem'), false],
  [basic('token:'), false],
  [basic(`nobody:${token}`), false],
  [basic(`token:${token}`.repeat(1000)), false],
  [`Bearer ${token}`, true],
  ['Bearer t', false],
] as const)('user and password of "%s" are compared at once and whole, in a time that tells nothing of either', ([authorization, allowed]) => {
  const ask = () => checkLogin({ authorization }, token, ['Basic', 'Bearer']);
  if (allowed) expect(ask).not.toThrow();
  else expect(ask).toThrow('wrong or missing credentials');
  expect(compared.mock.calls.map(([given, expected]) => [given.byteLength, expected.byteLength])).toEqual([[32, 32]]);
});
