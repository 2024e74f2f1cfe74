import { readFile } from 'node:fs/promises';
import { BridgeError } from '../lib/errors.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { isObject } from './values.ts';

/** What goes wrong. `spoils`: it needs an answer to spoil, so that it comes after the call only. `lets`: the call itself goes on. */
export const faultKinds = {
  /** The connection is reset. */
  reset: {},
  /** No answer ever comes; the connection stays. */
  timeout: {},
  /** The answer comes whole, in four parts with pauses of `pauseMs` between them. */
  'slow-body': { spoils: true },
  /** The connection breaks in the middle of the answer's body. */
  'half-body': { spoils: true },
  /** 200 and well-formed JSON, but nothing that the API says. */
  'wrong-json': {},
  /** 200 and a web page, as a proxy shows one to log in. */
  html: {},
  '401': {},
  '404': {},
  /** With `retryAfter` in the header `Retry-After`, if it is given. */
  '429': {},
  '500': {},
  /** As 429. */
  '503': {},
  /** The driver process is killed (`kill -9`): that of the cluster which the call names, or all. */
  'driver-killed': { lets: true },
  /** The same, and the last words in the driver's log are those of a JVM without memory. */
  'out-of-memory': { lets: true },
  /** The context that the call names is gone, or all of its cluster, or all. */
  'context-vanished': { lets: true },
} as const satisfies Readonly<Record<string, { readonly spoils?: true; readonly lets?: true }>>;

export type FaultKind = keyof typeof faultKinds;

/** Which calls meet which fault. */
export interface FaultRule {
  /** Method and path like `POST /api/1.2/commands/execute`; `*` stands for any text, so that `*` alone is every call of the APIs. */
  readonly endpoint: string;
  readonly kind: FaultKind;
  /** `before`: the call has no effect, unless the kind lets it go on. `after`: it has had its effect, and its answer meets the fault. */
  readonly when: 'before' | 'after';
  /** Only calls that name this cluster, or this context. Uploads and commands sent as files count as naming none. */
  readonly cluster?: string | undefined;
  readonly context?: string | undefined;
  /** The first call that meets it, counted from 1 by the rule itself among the calls that it is about; default 1. */
  readonly nth?: number | undefined;
  /** How many calls meet it; default 1, with a `rate` any number. */
  readonly times?: number | undefined;
  /** How probable it is from the nth call on, from 0 to 1; default 1. */
  readonly rate?: number | undefined;
  /** Milliseconds between two parts of a slow body; default 1000. */
  readonly pauseMs?: number | undefined;
  /** Seconds, of 429 and 503; no such header unless it is given. */
  readonly retryAfter?: number | undefined;
}

/** A call meets the first rule that fires; every rule counts every call that it is about. */
export interface FaultPlan {
  readonly rules: readonly FaultRule[];
  /** The same seed and the same calls give the same faults; default 1. */
  readonly seed?: number | undefined;
}

/** Reads a plan: a JSON file that holds a `FaultPlan`. @throws BridgeError `config` that names the file and what is wrong in it */
export async function readFaultPlan(file: string): Promise<FaultPlan> {
  const wrong = (error: unknown) => {
    const what = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    return new BridgeError('config', `The faults in ${file} cannot be used: ${what}.`, { setting: '--faults' }, { cause: error });
  };
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw wrong(error);
  });
  try {
    return parseFaultPlan(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof WrongPlan) throw wrong(error);
    throw error;
  }
}

class WrongPlan extends Error {}

/** @throws WrongPlan or SyntaxError, whose message says what is wrong */
export function parseFaultPlan(text: string): FaultPlan {
  const plan = JSON.parse(text) as JsonValue;
  if (!isObject(plan)) throw new WrongPlan('an object with "rules" is expected');
  expectOnly(plan, ['rules', 'seed'], 'the plan');
  const { rules } = plan;
  if (!Array.isArray(rules)) throw new WrongPlan('"rules" must be a list');
  const seed = numberOf(plan, 'seed', 'the plan', Number.isInteger, 'a whole number');
  return { rules: rules.map((rule: JsonValue, index) => ruleOf(rule, `rule ${index + 1}`)), seed };
}

const ruleFields = ['endpoint', 'kind', 'when', 'cluster', 'context', 'nth', 'times', 'rate', 'pauseMs', 'retryAfter'];

function ruleOf(rule: JsonValue, where: string): FaultRule {
  if (!isObject(rule)) throw new WrongPlan(`${where} must be an object`);
  expectOnly(rule, ruleFields, where);
  const { endpoint, kind, when } = rule;
  if (typeof endpoint !== 'string') throw new WrongPlan(`"endpoint" of ${where} must be like "POST /api/1.2/commands/execute", or "*"`);
  if (typeof kind !== 'string' || !isKind(kind)) throw new WrongPlan(`"kind" of ${where} must be one of ${Object.keys(faultKinds).join(', ')}`);
  if (when !== 'before' && when !== 'after') throw new WrongPlan(`"when" of ${where} must be "before" or "after"`);
  if (when === 'before' && 'spoils' in faultKinds[kind]) throw new WrongPlan(`"when" of ${where} must be "after", because ${kind} needs an answer`);
  if ('pauseMs' in rule && kind !== 'slow-body') throw new WrongPlan(`"pauseMs" of ${where} is for slow-body only`);
  if ('retryAfter' in rule && kind !== '429' && kind !== '503') throw new WrongPlan(`"retryAfter" of ${where} is for 429 and 503 only`);
  const count = (name: string, least: number) => {
    return numberOf(rule, name, where, (number) => Number.isInteger(number) && number >= least, `a whole number from ${least} on`);
  };
  return {
    endpoint,
    kind,
    when,
    cluster: textOf(rule, 'cluster', where),
    context: textOf(rule, 'context', where),
    nth: count('nth', 1),
    times: count('times', 1),
    rate: numberOf(rule, 'rate', where, (number) => number >= 0 && number <= 1, 'a number from 0 to 1'),
    pauseMs: count('pauseMs', 0),
    retryAfter: count('retryAfter', 0),
  };
}

function isKind(text: string): text is FaultKind {
  return Object.hasOwn(faultKinds, text);
}

function expectOnly(value: JsonObject, names: readonly string[], where: string): void {
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new WrongPlan(`${where} has an unknown field "${unknown}"; known are ${names.join(', ')}`);
}

function textOf(value: JsonObject, name: string, where: string): string | undefined {
  const text = value[name];
  if (text !== undefined && typeof text !== 'string') throw new WrongPlan(`"${name}" of ${where} must be a text`);
  return text;
}

function numberOf(value: JsonObject, name: string, where: string, fits: (number: number) => boolean, wanted: string): number | undefined {
  const number = value[name];
  if (number === undefined) return undefined;
  if (typeof number !== 'number' || !fits(number)) throw new WrongPlan(`"${name}" of ${where} must be ${wanted}`);
  return number;
}
