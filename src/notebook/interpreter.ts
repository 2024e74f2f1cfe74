import type { RemoteLanguage } from '../databricks/types.ts';
import type { Cell, Completeness, Evaluated, Interpreter, Outcome } from '../kernel/interpreter.ts';
import { Languages } from '../languages/index.ts';
import type { KernelLanguage } from '../languages/info.ts';
import type { ContextOrigin, Language, LocalKnowledge } from '../languages/language.ts';
import { systemClock, type Clock } from '../lib/time.ts';
import { toCellError } from '../protocol/cell-error.ts';
import type { View } from '../render/result.ts';
import type { Session } from '../session/api.ts';
import { CellOutput } from './cell-output.ts';
import { parseCell, type CellSource } from './cell-source.ts';
import { commandOf, contextsOf } from './command.ts';
import { evaluated } from './evaluate.ts';
import { LocalAnswers } from './local-answers.ts';
import { magics } from './magics/index.ts';
import { languageOfMagic } from './magics/language.ts';
import { textOf, type CellRun } from './magics/magic.ts';
import { defaultOptions, type Options } from './options.ts';
import { runCell } from './run-cell.ts';

/** What an interpreter is made of. */
export interface InterpreterParts {
  readonly session: Session;
  readonly language: KernelLanguage;
  /** How the session comes by its first context. */
  readonly firstContext?: ContextOrigin;
  readonly clock?: Clock;
  /** What `%config` begins with. */
  readonly options?: Options;
  /** How long its end waits for the session to give back what it holds. */
  readonly closeWithinMs?: number;
}

/** The kernel's interpreter: cells, magics and results over a session. Disposing of it closes the session. */
export function createInterpreter(parts: InterpreterParts): Interpreter {
  const { session, language: own, firstContext = 'new', clock = systemClock, closeWithinMs = 2000 } = parts;
  const languages = new Languages(firstContext);
  const answers = new LocalAnswers();
  let options = parts.options ?? defaultOptions;

  const forget = async (gone: readonly RemoteLanguage[], next: ContextOrigin): Promise<void> => {
    answers.forget(gone);
    await languages.forget(gone, next);
  };

  const known: LocalKnowledge = {
    complete: async (code, cursor) => answers.complete(code, cursor, await languageAt(code, cursor)),
    inspect: async (code, cursor) => answers.inspect(code, cursor, await languageAt(code, cursor)),
  };

  /** Everything that a cell's code, magics and expressions run with. */
  const begin = async (cell: Cell): Promise<CellRun> => {
    const output = new CellOutput(cell, clock);
    const setting = { session, clock, cell, output, forget };
    const view = (): View => ({ executionCount: cell.executionCount, table: options.table });
    return {
      language: await languages.get(own),
      languageOf: (id) => languages.get(id),
      command: commandOf(setting, own),
      contexts: contextsOf(setting),
      runCode: async (code, language) => {
        const outcome = await language.run(code, commandOf(setting, language.id), (made) => output.emit(made), view());
        // What a front end runs for itself defines nothing that its user would look for.
        if (outcome.status === 'ok' && cell.isNumbered) answers.learn(code, language, cell.executionCount);
        return outcome;
      },
      output,
      isNumbered: cell.isNumbered,
      known,
      view,
      options: {
        get: () => options,
        set: (changed) => {
          options = changed;
        },
      },
    };
  };

  return {
    async execute(code, cell): Promise<Outcome> {
      const run = await begin(cell);
      try {
        return await runCell(code, run);
      } catch (error) {
        return { status: 'error', error: toCellError(error) };
      } finally {
        run.output.close();
      }
    },

    async evaluate(expressions, cell) {
      const run = await begin(cell);
      // The cell has had its outputs: showing a wait and taking it away would take them away too.
      run.output.close();
      const results: Record<string, Evaluated> = {};
      for (const [name, expression] of Object.entries(expressions)) {
        try {
          results[name] = evaluated(await run.command(expression), run.language, run.view());
        } catch (error) {
          results[name] = { status: 'error', ...toCellError(error) };
        }
      }
      run.output.flush();
      return results;
    },

    ...known,

    async isComplete(code): Promise<Completeness> {
      const source = parseCell(code);
      if (source.is === 'code') return (await languages.get(own)).isComplete(code);
      return isMagicComplete(source, await languages.get(own), languages);
    },

    async [Symbol.asyncDispose]() {
      await session.close(closeWithinMs);
    },
  };

  /** The language at a place of a cell: behind a language's magic, that language. */
  async function languageAt(code: string, cursor: number): Promise<Language> {
    const source = parseCell(code);
    const isBehind = !/^\s*(?:%{1,2}\w*)?$/.test(code.slice(0, cursor));
    const other = source.is === 'magic' && isBehind ? languageOfMagic(source.name) : undefined;
    return languages.get(other ?? own);
  }
}

async function isMagicComplete(source: Extract<CellSource, { is: 'magic' }>, own: Language, languages: Languages): Promise<Completeness> {
  const id = languageOfMagic(source.name);
  const text = textOf(source);
  if (id !== undefined) return text.trim() === '' ? { status: 'incomplete', indent: '' } : (await languages.get(id)).isComplete(text);
  const magic = magics.find(({ name }) => name === source.name);
  if (!magic && own.hasMagic(source.name)) return own.isComplete(source.code);
  // Text in the magic's own line is whole; text below it ends with an empty line.
  const goesOn = source.args === '' || source.body !== '';
  return magic?.takesText && goesOn && !/\n[ \t]*$/.test(source.body) ? { status: 'incomplete', indent: '' } : { status: 'complete' };
}
