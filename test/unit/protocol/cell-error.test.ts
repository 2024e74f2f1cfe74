import { expect, test } from 'vitest';
import { BridgeError } from '../../../src/lib/errors.ts';
import { cellError, toCellError } from '../../../src/protocol/cell-error.ts';

const words = 'no \u001b]0;owned\u0007such \u001b[31mcluster\u001b[2J\rshown instead';
const clean = 'no such cluster\nshown instead';

test('an error of ours, in which a server’s words may stand, has no control sequence but the colour of its name', () => {
  expect(cellError('UsageError', words)).toEqual({ ename: 'UsageError', evalue: clean, traceback: [`\u001b[0;31mUsageError\u001b[0m: ${clean}`] });
  expect(toCellError(new BridgeError('api', words, { status: 500, serverMessage: words })).evalue).toBe(clean);
});
