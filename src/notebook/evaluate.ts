import { formatJson } from '../databricks/json.ts';
import type { SparkType } from '../databricks/types.ts';
import type { Evaluated } from '../kernel/interpreter.ts';
import type { CommandEnd, Language } from '../languages/language.ts';
import type { JsonValue } from '../lib/json.ts';
import type { MimeBundle } from '../protocol/output.ts';
import { writerFor } from '../render/cell-text.ts';
import { renderResult, type View } from '../render/result.ts';

/** What a user expression came to, as a reply carries it: the value alone where there is one; of a table with one cell, that cell. */
export function evaluated(end: CommandEnd, language: Language, view: View): Evaluated {
  if ('error' in end) return { status: 'error', ...end.error };
  const { result } = end;
  if (result.kind === 'table' && result.columns.length === 1 && result.rows.length === 1) {
    const [value = null] = result.rows[0] ?? [];
    return ok({ 'text/plain': cellText(value, result.columns[0]?.type ?? 'string') });
  }
  const { outputs, failure } = renderResult(result, language.readers, view);
  if (failure) return { status: 'error', ...failure };
  const last = outputs.at(-1);
  if (last?.type === 'stream') return ok({ 'text/plain': last.content.text.trimEnd() });
  return ok(last && 'data' in last.content ? last.content.data : { 'text/plain': '' });
}

/** Nested values as JSON, which programs read; all others as the table shows them. */
function cellText(value: JsonValue, type: SparkType): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? formatJson(value) : writerFor(type)(value);
}

function ok(data: MimeBundle): Evaluated {
  return { status: 'ok', data, metadata: {} };
}
