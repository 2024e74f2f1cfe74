import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lib/json.ts';
import { memoryKernel } from '../../support/memory-kernel.ts';
import { requestVariants } from '../../support/request-variants.ts';

describe.for(['shell', 'control'] as const)('on %s', (channel) => {
  test('every request with any field missing or odd is answered once, between its busy and its idle', async () => {
    await using kernel = memoryKernel();
    for (const { name, type, content, replyType } of requestVariants()) {
      const sent = await kernel.channels.ask(channel, type, JSON.parse(content) as JsonObject);
      const what = sent.map(({ channel: on, type: is, content: { execution_state = '' } }) => `${on} ${is} ${String(execution_state)}`.trim());
      expect([what[0], what.at(-1)], name).toEqual(['iopub status busy', 'iopub status idle']);
      expect(what.filter((one) => one.includes('status')), name).toHaveLength(2);
      const replies = sent.filter((one) => one.channel === channel);
      expect(replies.map((reply) => reply.type), name).toEqual(replyType === undefined ? [] : [replyType]);
      // All outputs come before the reply.
      if (replyType !== undefined) expect(what.at(-2), name).toBe(`${channel} ${replyType}`);
      if (replyType === 'execute_reply') expect(replies[0]?.content, name).toHaveProperty('execution_count', expect.any(Number));
      if (replyType !== undefined && replyType !== 'is_complete_reply') expect(replies[0]?.content['status'], name).toMatch(/^(ok|error)$/);
    }
    expect((await kernel.channels.ask('shell', 'kernel_info_request', {})).map(({ type }) => type)).toEqual(['status', 'kernel_info_reply', 'status']);
  });
});
