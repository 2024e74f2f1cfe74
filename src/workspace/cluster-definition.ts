import { illegalArgument } from './api-error.ts';
import { refusedKey } from './driver/spark-conf.ts';

/** What a cluster is made of. It stays when the driver ends, and survives a restart of the workspace. */
export interface ClusterDefinition {
  readonly id: string;
  readonly name: string;
  /** How many tasks run at a time; 0: no workers beside the driver, whose machine then runs tasks on all its cores. */
  readonly numWorkers: number;
  /** Beside the workers and the configuration, what the caller wished for is kept and shown; the Spark that runs is the embedded one. */
  readonly sparkVersion: string;
  readonly nodeType: string;
  readonly useSpot: boolean;
  readonly zoneId: string;
  readonly sparkConf: Readonly<Record<string, string>>;
  /** It ends by itself when nobody has used it for so long; 0: never. */
  readonly autoterminationMinutes: number;
}

export type NewCluster = Omit<ClusterDefinition, 'id'>;

const maxNameLength = 100;
/** Each is a thread of the driver, or an executor. */
const maxWorkers = 1000;
/** The vendor's limits. */
const [minIdleMinutes, maxIdleMinutes] = [10, 10_000];
/** Characters of all keys and values together. */
const maxConfLength = 100_000;

/** @throws ApiError for what no cluster can have, before anything has changed. */
export function checkCluster({ name, numWorkers, sparkVersion, nodeType, zoneId, sparkConf, autoterminationMinutes: minutes }: NewCluster): void {
  if (name.trim() === '') throw illegalArgument('The name of a cluster must not be empty');
  // What lines, terminals and other readers of JSON take for something else.
  if (/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(name)) throw illegalArgument('The name of a cluster must not have control characters');
  for (const [what, text] of Object.entries({ name, sparkVersion, nodeType, zoneId })) {
    if (text.length > maxNameLength) throw illegalArgument(`The ${what} has ${text.length} characters; at most ${maxNameLength} are allowed`);
  }
  checkWorkers(numWorkers);
  if (minutes !== 0 && (minutes < minIdleMinutes || minutes > maxIdleMinutes)) {
    throw illegalArgument(`A cluster can end by itself after ${minIdleMinutes} to ${maxIdleMinutes} minutes, or never (0), not after ${minutes}`);
  }
  const length = Object.entries(sparkConf).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (length > maxConfLength) throw illegalArgument(`The Spark configuration has ${length} characters; at most ${maxConfLength} are allowed`);
  for (const key of Object.keys(sparkConf)) {
    const reason = refusedKey(key);
    if (reason !== undefined) throw illegalArgument(`${key === '' ? 'An empty key' : key} cannot be set: ${reason}`);
  }
}

/** @throws ApiError when no cluster can have so many. */
export function checkWorkers(numWorkers: number): void {
  if (numWorkers < 0) throw illegalArgument(`A cluster cannot have ${numWorkers} workers`);
  if (numWorkers > maxWorkers) throw illegalArgument(`A cluster cannot have ${numWorkers} workers; at most ${maxWorkers} are allowed`);
}

/** Whether a value that was read from a file is a definition. */
export function isDefinition(value: unknown): value is ClusterDefinition {
  if (typeof value !== 'object' || value === null) return false;
  const { numWorkers, useSpot, sparkConf, autoterminationMinutes, ...texts } = value as Record<string, unknown>;
  return (
    Number.isInteger(numWorkers) &&
    Number.isInteger(autoterminationMinutes) &&
    typeof useSpot === 'boolean' &&
    typeof sparkConf === 'object' &&
    sparkConf !== null &&
    Object.values(sparkConf).every((text) => typeof text === 'string') &&
    ['id', 'name', 'sparkVersion', 'nodeType', 'zoneId'].every((name) => typeof texts[name] === 'string')
  );
}
