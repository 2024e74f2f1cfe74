import { timingSafeEqual } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { Frames } from '../../../src/protocol/frames.ts';
import { signedFrames } from '../../support/client-wire.ts';

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) };
});

const compared = vi.mocked(timingSafeEqual);
beforeEach(() => void compared.mockClear());

const key = 'a key';
const good = signedFrames(key, ['{"msg_id":"1","msg_type":"kernel_info_request"}', '{}', '{}', '{}']);
const signature = String(good[1]);

test.for<[what: string, shown: string, accepted: boolean]>([
  ['right', signature, true],
  ['wrong from the first sign on', `${signature.startsWith('0') ? '1' : '0'}${signature.slice(1)}`, false],
  ['wrong in the last sign', `${signature.slice(0, -1)}${signature.endsWith('0') ? '1' : '0'}`, false],
  ['none at all, of the right length', ' '.repeat(signature.length), false],
])('a signature that is %s is compared once and whole, in a time that tells nothing of the right one', ([, shown, accepted]) => {
  const decoded = new Frames({ key, digest: 'sha256' }).decode(good.map((frame, index) => (index === 1 ? Buffer.from(shown) : frame)));
  expect('message' in decoded).toBe(accepted);
  expect(compared.mock.calls.map(([given, expected]) => [given.byteLength, expected.byteLength])).toEqual([[64, 64]]);
});
