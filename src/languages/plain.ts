import type { Outcome } from '../kernel/interpreter.ts';
import type { Output } from '../protocol/output.ts';
import { renderResult, type Readers, type View } from '../render/result.ts';
import { errorOf } from './error-text.ts';
import type { Command, Language } from './language.ts';

/** One cell, one command, one result: the whole of how a language runs that has no more to it. */
export function oneCommand(readers: Readers) {
  return async (body: string, command: Command, emit: (output: Output) => void, view: View): Promise<Outcome> => {
    const end = await command(body);
    if ('error' in end) return { status: 'error', error: end.error };
    const { outputs, failure } = renderResult(end.result, readers, view);
    for (const output of outputs) emit(output);
    return failure ? { status: 'error', error: failure } : { status: 'ok' };
  };
}

/** Reads nothing into the server's text: all of it was printed. */
const plainReaders: Readers = {
  text: (text) => [{ is: 'printed', text }],
  error: (summary, cause) => errorOf(summary, cause),
};

/** What a language has whose REPL knows no magics, to which front ends send nothing, and of whose context nothing is remembered. */
export const noMore = { magics: [], hasMagic: () => false, answersQuestions: false, answerFrontEnd: () => undefined, forget: () => {} } as const;

/** A language that the server runs and this program knows nothing about: `%r`. */
export function createPlain(id: Language['id']): Language {
  return {
    ...noMore,
    id,
    run: oneCommand(plainReaders),
    readers: plainReaders,
    isComplete: () => ({ status: 'unknown' }),
    keywords: [],
    definedNames: () => [],
  };
}
