import { describe, expect, test } from 'vitest';
import type { ClusterId } from '../../src/databricks/types.ts';
import { createSession } from '../../src/session/session.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import type { FaultKind } from '../../src/workspace/fault-rules.ts';
import { FaultyWorkspace, shortDeadlineMs, timesOf } from '../support/faulty-workspace.ts';
import { cell, connectionTo, failureOf, temporaryDirectory } from '../support/scripted-api.ts';

/* A server gives a result once. What comes of a cell whose one reading met a fault: before the server gave it away, or after. */

const status = 'GET /api/1.2/commands/status';
const kinds: readonly FaultKind[] = ['reset', 'timeout', 'half-body', 'wrong-json', 'html', '401', '404', '429', '500', '503'];
const cases = (['classic', 'modern'] as const).flatMap((dialect) => kinds.flatMap((kind) => timesOf(kind).map((when) => ({ dialect, kind, when }))));

async function startSession(dialect: DialectName, kind?: FaultKind) {
  const place = new FaultyWorkspace(dialect);
  const home = await temporaryDirectory();
  const connect = async () => connectionTo(await place.client(kind === 'timeout' ? { deadlineMs: shortDeadlineMs } : {}), { clusterId: place.server.clusterId as ClusterId });
  const session = createSession({ language: 'scala', connect, home: home.path, identity: '' });
  return {
    place,
    run: (code: string) => session.run(code, 'scala', cell()),
    async [Symbol.asyncDispose]() {
      await session.close(5000);
      await place[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

const result = (text: string) => ({ end: 'result', result: { kind: 'text', text } });

describe.concurrent('a result whose one reading', () => {
  test.for(cases)('meets $kind $when it is given away ($dialect)', async ({ dialect, kind, when }) => {
    await using at = await startSession(dialect, kind);
    expect(await at.run('echo first')).toEqual(result('first'));
    at.place.inject({ endpoint: status, kind, when });
    if (when === 'before') expect(await at.run('echo hello')).toEqual(result('hello'));
    else {
      expect(await failureOf(at.run('echo hello'))).toMatchObject({ code: 'command', details: { resultLost: true }, message: expect.stringContaining('its result is lost') });
    }
    expect(at.place.faults()).toEqual([`${kind} ${when} ${status}`]);
    expect(await at.run('echo next')).toEqual(result('next'));
    expect(at.place.executed()).toEqual(['echo first', 'echo hello', 'echo next']);
    expect(at.place.server.drivers[0]?.opened).toHaveLength(1);
  });
});
