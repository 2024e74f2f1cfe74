import { illegalArgument } from './api-error.ts';
import type { ApiVersion } from './api-error.ts';
import type { Command, Outcome } from './command.ts';
import type { DriverColumn, DriverLanguage } from './driver/driver.ts';
import { JsonText, jsonObject } from './json-text.ts';

export type DialectName = 'classic' | 'modern';
export type Login = 'Basic' | 'Bearer';

/** Every difference between a server as the 1.2 document of 2015 describes it and one of today. */
export interface Dialect {
  readonly name: DialectName;
  readonly logins: readonly Login[];
  /** Whether POST bodies may be JSON; where not, nothing in such a body is seen. */
  readonly jsonBodies: boolean;
  /** Whether there is a Clusters API 2.x. Libraries API 2.0 is everywhere. */
  readonly clusters2: boolean;
  /** The language of a new context. @throws ApiError when there is no such language. */
  contextLanguage(language: string): DriverLanguage;
  /** The language of a command in a context of `contextLanguage`. @throws ApiError when that context does not run it. */
  commandLanguage(contextLanguage: DriverLanguage, language: string): DriverLanguage;
  /** The answer of `commands/status`. */
  commandStatus(command: Command): JsonText;
}

export const dialects: { readonly [N in DialectName]: Dialect } = {
  classic: {
    name: 'classic',
    logins: ['Basic'],
    jsonBodies: false,
    clusters2: false,
    contextLanguage: (language) => knownLanguage(language),
    commandLanguage: (context, language) => {
      const wanted = knownLanguage(language);
      if (wanted === context || wanted === 'sql') return wanted;
      throw illegalArgument(`A ${context} context runs ${context === 'sql' ? 'sql' : `${context} and sql`} commands, not ${language}`);
    },
    commandStatus: (command) => status(command, { whileRunning: undefined, afterCancel: 'Cancelled', results: classicResults }),
  },
  modern: {
    name: 'modern',
    logins: ['Basic', 'Bearer'],
    jsonBodies: true,
    clusters2: true,
    contextLanguage: (language) => knownLanguage(language),
    commandLanguage: (_context, language) => knownLanguage(language),
    commandStatus: (command) => status(command, { whileRunning: null, afterCancel: 'Finished', results: modernResults }),
  },
};

/** Whose words a request to this path wants to hear; one to a path of no API is answered like 1.2. */
export function apiVersion({ clusters2 }: Dialect, path: string): ApiVersion {
  return (clusters2 ? /^\/api\/2\.\d+\// : /^\/api\/2\.0\/libraries\//).test(path) ? '2.x' : '1.2';
}

function knownLanguage(language: string): DriverLanguage {
  if (language === 'scala' || language === 'python' || language === 'sql') return language;
  if (language === 'r') throw illegalArgument('The embedded workspace does not run r; use scala, python or sql');
  throw illegalArgument(`Unknown language ${language}; use scala, python or sql`);
}

interface StatusRules {
  readonly whileRunning: null | undefined;
  readonly afterCancel: 'Cancelled' | 'Finished';
  results(outcome: Outcome): JsonText;
}

const phases = { queued: 'Queued', running: 'Running', cancelling: 'Cancelling' } as const;

function status(command: Command, rules: StatusRules): JsonText {
  const { id, state } = command;
  if (state.phase !== 'ended') return jsonObject({ status: phases[state.phase], id, results: rules.whileRunning });
  const { outcome } = state;
  const end = outcome.kind === 'failed' ? 'Error' : outcome.kind === 'cancelled' ? rules.afterCancel : 'Finished';
  return jsonObject({ status: end, id, results: rules.results(outcome) });
}

const cancelled = 'com.databricks.backend.common.rpc.CommandCancelledException';

function classicResults(outcome: Outcome): JsonText {
  switch (outcome.kind) {
    case 'table':
      return table(outcome.rows, outcome.truncated ? 'True' : 'False', outcome.columns.map(classicColumn));
    case 'error':
    case 'failed':
      return jsonObject({ resultType: 'error', cause: outcome.cause });
    case 'cancelled':
      return jsonObject({ resultType: 'error', cause: cancelled });
    default:
      return commonResults(outcome);
  }
}

const classicColumn = ({ name, hiveType }: DriverColumn) => ({ type: hiveType, name });

function modernResults(outcome: Outcome): JsonText {
  switch (outcome.kind) {
    case 'table':
      return table(outcome.rows, outcome.truncated, outcome.columns.map(modernColumn), true);
    case 'error':
      return jsonObject({ resultType: 'error', summary: summaryHtml(outcome.summary), cause: outcome.cause });
    case 'failed':
      return jsonObject({ resultType: 'error', summary: escapeHtml(outcome.cause.split('\n', 1)[0] ?? ''), cause: outcome.cause });
    case 'cancelled':
      return jsonObject({ resultType: 'error', summary: 'Command cancelled', cause: cancelled });
    default:
      return commonResults(outcome);
  }
}

const modernColumn = ({ name, type, metadata }: DriverColumn) => ({ name, type, metadata });

function commonResults(outcome: Extract<Outcome, { kind: 'text' | 'image' }>): JsonText {
  if (outcome.kind === 'text') return jsonObject({ resultType: 'text', data: outcome.text });
  const [fileName, ...more] = outcome.fileNames;
  if (more.length === 0) return jsonObject({ resultType: 'image', fileName });
  return jsonObject({ resultType: 'images', fileNames: outcome.fileNames });
}

function table(rows: string, truncated: string | boolean, schema: readonly object[], isJsonSchema?: true): JsonText {
  return jsonObject({ resultType: 'table', truncated, isJsonSchema, data: new JsonText(rows), schema });
}

/** Today's servers send the summary as HTML, the exception's class in red. */
function summaryHtml(summary: string): string {
  const [, className, rest = ''] = /^([\w.$]+)(:[^]*)?$/.exec(summary) ?? [];
  if (className === undefined) return escapeHtml(summary);
  return `<span class='ansi-red-fg'>${className}</span>${escapeHtml(rest)}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
