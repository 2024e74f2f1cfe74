import type { RemoteLanguage } from '../../databricks/types.ts';
import type { Outcome } from '../../kernel/interpreter.ts';
import type { Command, Language, LocalKnowledge } from '../../languages/language.ts';
import type { View } from '../../render/result.ts';
import type { CellOutput } from '../cell-output.ts';
import type { Contexts } from '../command.ts';
import type { Options } from '../options.ts';

/** A command of the notebook's own: the first line of a cell that begins with `%name`. */
export interface Magic {
  readonly name: string;
  /** The first line says how it is written and what it does; the rest is for `%name?`. */
  readonly help: string;
  /** Whether its text may stand in the lines below, so that a console lets the user write on. */
  readonly takesText?: true;
  /** What may follow on its line. */
  complete?(args: string): readonly string[];
  /** Whether a magic of the same name that the cell's language has is meant instead. */
  leaves?(args: string): boolean;
  run(call: MagicCall, cell: CellRun): Promise<Outcome>;
}

export interface MagicCall {
  /** The rest of the magic's line. */
  readonly args: string;
  /** The lines below it. */
  readonly body: string;
}

/** The running cell, as whatever runs in it sees it. */
export interface CellRun {
  /** The kernel's own language. */
  readonly language: Language;
  languageOf(id: RemoteLanguage): Promise<Language>;
  /** Runs a command in the cell's context, in the kernel's language where no other is named. */
  readonly command: Command;
  readonly contexts: Contexts;
  /** Runs code as a cell of a language. */
  runCode(code: string, language: Language): Promise<Outcome>;
  readonly output: CellOutput;
  /** Whether it has a number and a place in the history, as what users run has. */
  readonly isNumbered: boolean;
  readonly known: LocalKnowledge;
  view(): View;
  readonly options: { get(): Options; set(options: Options): void };
}

/** The text that a magic is given: its line's rest and the lines below it. */
export function textOf({ args, body }: MagicCall): string {
  return args === '' ? body : body === '' ? args : `${args}\n${body}`;
}
