import type { JsonObject } from '../../lib/json.ts';
import type { DriverResult } from './driver.ts';

const kinds: ReadonlySet<unknown> = new Set<DriverResult['kind']>(['text', 'table', 'image', 'error']);

/** What a REPL of ours answered to `execute`. Both ends are of one version, so that naming the kind is proof enough. */
export function driverResult(answer: JsonObject): DriverResult {
  if (!kinds.has(answer['kind'])) throw new Error(`The driver answered with a result of unknown kind ${String(answer['kind'])}.`);
  return answer as unknown as DriverResult;
}
