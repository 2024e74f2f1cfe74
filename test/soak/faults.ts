import type { FaultPlan, FaultRule } from '../../src/workspace/fault-rules.ts';

type Fault = Omit<FaultRule, 'endpoint' | 'rate'>;

const broken: readonly Fault[] = [{ kind: 'reset', when: 'before' }, { kind: 'half-body', when: 'after' }, { kind: 'slow-body', when: 'after', pauseMs: 30 }];
const refused: readonly Fault[] = [
  { kind: '429', when: 'before' }, { kind: '429', when: 'before', retryAfter: 1 }, { kind: '503', when: 'before' }, { kind: '500', when: 'before' }, { kind: '401', when: 'before' },
];
const nonsense: readonly Fault[] = [{ kind: 'html', when: 'before' }, { kind: 'wrong-json', when: 'before' }];
const afterTheDeed: readonly Fault[] = [{ kind: 'reset', when: 'after' }];
const gone: readonly Fault[] = [{ kind: 'context-vanished', when: 'before' }];

/** Each of the faults at this rate. */
const on = (endpoint: string, rate: number, ...faults: readonly (readonly Fault[])[]): readonly FaultRule[] => faults.flat().map((fault) => ({ endpoint, rate, ...fault }));

/**
 * What goes wrong with the calls of kernels; about one cell in ten meets it. Nothing does with `destroy`, with `cancel`, or with the answer to
 * `create`: how many contexts there must be in the end, and whether an interrupt must have had its effect, would be anybody's guess.
 */
export function faultPlan(seed: number): FaultPlan {
  return {
    seed,
    rules: [
      // The most frequent of all: many a cell.
      ...on('GET /api/1.2/commands/status', 0.0005, broken, refused, nonsense),
      ...on('POST /api/1.2/commands/execute', 0.004, broken, refused, nonsense, afterTheDeed, gone),
      ...on('GET /api/1.2/contexts/status', 0.002, broken, refused, nonsense),
      ...on('POST /api/1.2/contexts/create', 0.01, refused, [{ kind: 'reset', when: 'before' }]),
      ...on('GET *clusters/get', 0.004, broken, refused, nonsense),
    ],
  };
}

/** A line of a workspace's log that tells of such a call: when it was (milliseconds since 1970), and what, like `reset after POST /api/1.2/commands/execute`. */
export function faultIn(line: string): { readonly at: number; readonly what: string } | undefined {
  const [, time = '', what] = /^(\S+) .* fault: (.+)$/.exec(line) ?? [];
  return what === undefined ? undefined : { at: Date.parse(time), what };
}
