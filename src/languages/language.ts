import type { CommandResult, RemoteLanguage } from '../databricks/types.ts';
import type { Completeness, Completion, Match, Outcome } from '../kernel/interpreter.ts';
import type { CellError } from '../protocol/cell-error.ts';
import type { MimeBundle, Output } from '../protocol/output.ts';
import type { Readers, View } from '../render/result.ts';

/** What a command came to, as a language sees it: its result, or the error that its cell ends with instead (an interrupt). */
export type CommandEnd = { readonly result: CommandResult } | { readonly error: CellError };

/** Runs one command in the cell's context; in the language's own REPL where no other is named. Throws `BridgeError`. */
export type Command = (code: string, language?: RemoteLanguage) => Promise<CommandEnd>;

/** How a context came to this kernel: made for it, or with a life behind it in which anything may have run. */
export type ContextOrigin = 'new' | 'taken up';

/** How one language runs a cell and reads what comes back. One object serves one kernel: it remembers what its context has shown. */
export interface Language {
  readonly id: RemoteLanguage;
  /** Runs a cell's text. How many commands that takes, and what of their results is shown, is the language's own affair. */
  run(body: string, command: Command, emit: (output: Output) => void, view: View): Promise<Outcome>;
  readonly readers: Readers;
  /** Whether a console should run the text, or let the user write on. */
  isComplete(code: string): Completeness;
  /** Words for completion. */
  readonly keywords: readonly string[];
  /** The names that a cell defines, for completion in later cells. */
  definedNames(code: string): readonly Match[];
  /** The `%magics` that the language's REPL has, for listing. */
  readonly magics: readonly string[];
  hasMagic(name: string): boolean;
  /** Whether its REPL answers `name?`. */
  readonly answersQuestions: boolean;
  /** The outputs that answer code which a front end wrote for its own purposes; `undefined` where the code is the user's. */
  answerFrontEnd(code: string, known: LocalKnowledge): Promise<readonly Output[]> | undefined;
  /** The context is another one now: what was seen in the old one says nothing about it. */
  forget(next: ContextOrigin): void;
}

/** What is known of code without asking the cluster. Offsets are UTF-16. */
export interface LocalKnowledge {
  complete(code: string, cursor: number): Promise<Completion>;
  inspect(code: string, cursor: number): Promise<MimeBundle | undefined>;
}

/** A name that a cell defines, found by a pattern whose first group it is. */
export interface NamePattern {
  readonly pattern: RegExp;
  readonly type: string;
}

/** All names that the patterns find in code; a name found twice has its last type. */
export function findNames(code: string, patterns: readonly NamePattern[]): readonly Match[] {
  const found = patterns.flatMap(({ pattern, type }) =>
    [...code.matchAll(pattern)].flatMap((match) => (match[1] ?? '').split(',').map((name) => ({ text: name.trim(), type }))),
  );
  return [...new Map(found.filter(({ text }) => text !== '').map((match) => [match.text, match])).values()];
}
