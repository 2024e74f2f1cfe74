import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultKinds, parseFaultPlan, readFaultPlan } from '../../../src/workspace/fault-rules.ts';
import type { FaultRule } from '../../../src/workspace/fault-rules.ts';
import { Faults } from '../../../src/workspace/faults.ts';

const execute = { endpoint: 'POST /api/1.2/commands/execute' };
const reset = { ...execute, kind: 'reset', when: 'before' } as const;

describe('a plan of faults', () => {
  test('is read with all that a rule can say', () => {
    const rules = [
      { ...reset, cluster: 'c1', context: 'x1', nth: 2, times: 3, rate: 0.5 },
      { endpoint: '*', kind: 'slow-body', when: 'after', pauseMs: 5 },
      { endpoint: 'GET *', kind: '429', when: 'before', retryAfter: 2 },
    ];
    expect(parseFaultPlan(JSON.stringify({ rules, seed: 7 }))).toEqual({ rules, seed: 7 });
  });

  test.for(Object.keys(faultKinds))('knows %s after a call', (kind) => {
    expect(parseFaultPlan(JSON.stringify({ rules: [{ ...execute, kind, when: 'after' }] })).rules).toEqual([{ ...execute, kind, when: 'after' }]);
  });

  test.for<[why: string, plan: unknown, says: string | RegExp]>([
    ['no object', [], 'an object with "rules" is expected'],
    ['no rules', {}, '"rules" must be a list'],
    ['an unknown field', { rules: [], sed: 1 }, 'the plan has an unknown field "sed"; known are rules, seed'],
    ['a seed that is no number', { rules: [], seed: '1' }, '"seed" of the plan must be a whole number'],
    ['a rule that is no object', { rules: [reset, 'reset'] }, 'rule 2 must be an object'],
    ['a misspelt field of a rule', { rules: [{ ...reset, nht: 1 }] }, /^rule 1 has an unknown field "nht"; known are endpoint, kind, .*retryAfter$/],
    ['no endpoint', { rules: [{ kind: 'reset', when: 'before' }] }, '"endpoint" of rule 1 must be like "POST /api/1.2/commands/execute", or "*"'],
    ['an unknown kind', { rules: [{ ...reset, kind: 'toString' }] }, /^"kind" of rule 1 must be one of 401, .*, reset, timeout, .*context-vanished$/],
    ['an unknown time', { rules: [{ ...reset, when: 'later' }] }, '"when" of rule 1 must be "before" or "after"'],
    ['half a body before there is one', { rules: [{ ...reset, kind: 'half-body' }] }, '"when" of rule 1 must be "after", because half-body needs an answer'],
    ['a call before the first', { rules: [{ ...reset, nth: 0 }] }, '"nth" of rule 1 must be a whole number from 1 on'],
    ['no calls', { rules: [{ ...reset, times: 0 }] }, '"times" of rule 1 must be a whole number from 1 on'],
    ['more than certain', { rules: [{ ...reset, rate: 1.1 }] }, '"rate" of rule 1 must be a number from 0 to 1'],
    ['a cluster that is no text', { rules: [{ ...reset, cluster: 1 }] }, '"cluster" of rule 1 must be a text'],
    ['a pause where nothing is slow', { rules: [{ ...reset, pauseMs: 1 }] }, '"pauseMs" of rule 1 is for slow-body only'],
    ['a wish to wait that nobody hears', { rules: [{ ...reset, retryAfter: 1 }] }, '"retryAfter" of rule 1 is for 429 and 503 only'],
  ])('with %s is refused in words', ([, plan, says]) => {
    expect(() => parseFaultPlan(JSON.stringify(plan))).toThrow(typeof says === 'string' ? new RegExp(`^${says.replace(/[\\^$.|?+*()[\]{}]/g, '\\$&')}$`) : says);
  });

  test('that cannot be used is told with its file, as an error of the setting', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'faults-'));
    const file = join(directory, 'faults.json');
    const failure = () => readFaultPlan(file).catch((error: unknown) => error);
    expect(await failure()).toMatchObject({ code: 'config', details: { setting: '--faults' }, message: expect.stringMatching(/^The faults in .*faults\.json cannot be used: ENOENT/) });
    await writeFile(file, '{"rules": [}');
    expect(await failure()).toMatchObject({ code: 'config', message: expect.stringMatching(/cannot be used: .*JSON.*\.$/) });
    await writeFile(file, '{}');
    expect(await failure()).toMatchObject({ code: 'config', message: `The faults in ${file} cannot be used: "rules" must be a list.` });
    await rm(directory, { recursive: true });
  });
});

/** Which of so many equal calls meet a fault. */
function met(rules: readonly FaultRule[], calls: number, seed?: number): (number | undefined)[] {
  const faults = new Faults({ rules, seed });
  return Array.from({ length: calls }, () => faults.meet(execute)).map((rule) => (rule === undefined ? undefined : rules.indexOf(rule)));
}

describe('a rule', () => {
  test('fires once, at the first call', () => {
    expect(met([reset], 3)).toEqual([0, undefined, undefined]);
  });

  test('fires from the nth call on, so many times', () => {
    expect(met([{ ...reset, nth: 2, times: 2 }], 4)).toEqual([undefined, 0, 0, undefined]);
  });

  test('with a rate fires by chance, which the seed decides', () => {
    const rule = { ...reset, rate: 0.3 };
    const share = met([rule], 1000, 1).filter((index) => index === 0).length / 1000;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
    expect(met([rule], 100, 1)).toEqual(met([rule], 100, 1));
    expect(met([rule], 100, 1)).not.toEqual(met([rule], 100, 2));
    expect(met([{ ...rule, rate: 0 }], 100)).not.toContain(0);
    expect(met([{ ...rule, rate: 1, times: 2 }], 3)).toEqual([0, 0, undefined]);
  });

  test('counts the calls that another rule has met', () => {
    expect(met([reset, { ...reset, kind: '503', nth: 2 }], 3)).toEqual([0, 1, undefined]);
    expect(met([reset, { ...reset, kind: '503' }], 3)).toEqual([0, 1, undefined]);
  });

  test.for<[endpoint: string, covers: boolean]>([
    ['POST /api/1.2/commands/execute', true],
    ['POST *', true],
    ['* /api/1.2/*', true],
    ['*/commands/*', true],
    ['*', true],
    ['GET /api/1.2/commands/execute', false],
    ['POST /api/1.2/commands', false],
    ['POST /api/1x2/commands/execute', false],
    ['POST /api/.*/execute', false],
  ])('for %s is about a call of commands/execute: %s', ([endpoint, covers]) => {
    expect(new Faults({ rules: [{ ...reset, endpoint }] }).meet(execute) !== undefined).toBe(covers);
  });

  test('for one cluster or context is about the calls that name it', () => {
    const faults = new Faults({ rules: [{ ...reset, cluster: 'c1', context: 'x1' }] });
    expect(faults.meet(execute)).toBeUndefined();
    expect(faults.meet({ ...execute, cluster: 'c1' })).toBeUndefined();
    expect(faults.meet({ ...execute, cluster: 'c2', context: 'x1' })).toBeUndefined();
    expect(faults.meet({ ...execute, cluster: 'c1', context: 'x1' })).toBeDefined();
  });

  test('of a new plan counts anew', () => {
    const faults = new Faults({ rules: [reset] });
    expect([faults.meet(execute), faults.meet(execute)]).toEqual([reset, undefined]);
    faults.use({ rules: [reset] });
    expect([faults.meet(execute), faults.meet(execute)]).toEqual([reset, undefined]);
    faults.use({ rules: [] });
    expect(faults.meet(execute)).toBeUndefined();
  });
});
