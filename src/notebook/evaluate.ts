import { formatJson } from '../databricks/json.ts';
import type { Evaluated } from '../kernel/interpreter.ts';
import type { CommandEnd, Language } from '../languages/language.ts';
import type { MimeBundle } from '../protocol/output.ts';
import { renderResult, type View } from '../render/result.ts';

/** What a user expression came to, as a reply carries it: the value alone where there is one; of a table with one cell, that cell. */
export function evaluated(end: CommandEnd, language: Language, view: View): Evaluated {
  if ('error' in end) return { status: 'error', ...end.error };
  const { result } = end;
  if (result.kind === 'table' && result.columns.length === 1 && result.rows.length === 1) {
    const [value = null] = result.rows[0] ?? [];
    return ok({ 'text/plain': value !== null && typeof value === 'object' ? formatJson(value) : String(value) });
  }
  const { outputs, failure } = renderResult(result, language.readers, view);
  if (failure) return { status: 'error', ...failure };
  const last = outputs.at(-1);
  if (last?.type === 'stream') return ok({ 'text/plain': last.content.text.trimEnd() });
  return ok(last && 'data' in last.content ? last.content.data : { 'text/plain': '' });
}

function ok(data: MimeBundle): Evaluated {
  return { status: 'ok', data, metadata: {} };
}
