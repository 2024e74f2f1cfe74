import type { RemoteLanguage } from '../databricks/types.ts';
import type { Completion, Match } from '../kernel/interpreter.ts';
import type { Language } from '../languages/language.ts';
import type { MimeBundle } from '../protocol/output.ts';
import { magics } from './magics/index.ts';

interface Definition {
  readonly match: Match;
  readonly cell: number;
  /** The line that defines it. */
  readonly line: string;
}

/** No name is longer. How far a word is looked for, because a line may hold a megabyte of base64 (and a regular expression that ends in `$` tries every start). */
const longestName = 256;

/** A cell of more characters was not written by hand, and its tens of thousands of names are no help to anybody. */
const longestLearned = 100_000;

/** What can be said of code without asking the cluster: keywords, magics, and the names that earlier cells defined. */
export class LocalAnswers {
  readonly #definitions = new Map<RemoteLanguage, Map<string, Definition>>();
  /** Cells that have run since anybody asked: most are never asked about, and no cell should end later for it. */
  readonly #unread = new Map<RemoteLanguage, { readonly code: string; readonly cell: number }[]>();

  /** Remembers a cell that ran, for the names that it defined. */
  learn(code: string, { id }: Language, cell: number): void {
    if (code.length > longestLearned) return;
    const unread = this.#unread.get(id);
    if (unread) unread.push({ code, cell });
    else this.#unread.set(id, [{ code, cell }]);
  }

  /** The context of these languages is gone, and what cells defined in it. */
  forget(languages: readonly RemoteLanguage[]): void {
    for (const language of languages) {
      this.#definitions.delete(language);
      this.#unread.delete(language);
    }
  }

  /** Completes the word before the cursor. Offsets are UTF-16. */
  complete(code: string, cursor: number, language: Language): Completion {
    const line = code.slice(code.lastIndexOf('\n', cursor - 1) + 1, cursor);
    return completeMagic(line, cursor, language) ?? this.#completeWord(line, cursor, language);
  }

  /** What is known of the word at the cursor: a magic's help, or where a name was defined. */
  inspect(code: string, cursor: number, language: Language): MimeBundle | undefined {
    const before = /[\p{L}\p{N}_$]*$/u.exec(code.slice(Math.max(0, cursor - longestName), cursor))?.[0] ?? '';
    const after = /^[\p{L}\p{N}_$]*/u.exec(code.slice(cursor, cursor + longestName))?.[0] ?? '';
    const word = before + after;
    const start = cursor - before.length;
    if (code.charAt(start - 1) === '%') {
      const magic = magics.find(({ name }) => name === word);
      return magic && { 'text/plain': magic.help };
    }
    const definition = this.#definitionsIn(language).get(word);
    return definition && { 'text/plain': `${word}: defined in cell ${definition.cell}\n\n${definition.line}` };
  }

  #definitionsIn(language: Language): ReadonlyMap<string, Definition> {
    const known = this.#definitions.get(language.id) ?? new Map<string, Definition>();
    this.#definitions.set(language.id, known);
    for (const { code, cell } of this.#unread.get(language.id) ?? []) {
      for (const match of language.definedNames(code)) known.set(match.text, { match, cell, line: lineOf(match.text, code) });
    }
    this.#unread.delete(language.id);
    return known;
  }

  #completeWord(line: string, cursor: number, language: Language): Completion {
    const word = /[\p{L}_$][\p{L}\p{N}_$]*$/u.exec(line.slice(-longestName))?.[0] ?? '';
    const start = cursor - word.length;
    // Members of a value are for the cluster to know.
    if (word === '' || line.charAt(line.length - word.length - 1) === '.') return { matches: [], start: cursor, end: cursor };
    const names = [...this.#definitionsIn(language).values()].map(({ match }) => match);
    const keywords = language.keywords.map((text): Match => ({ text, type: 'keyword' }));
    const wanted = word.toLowerCase();
    const matches = [...names, ...keywords].filter(({ text }) => text.toLowerCase().startsWith(wanted) && text !== word);
    return { matches: [...new Map(matches.map((match) => [match.text, match])).values()], start, end: cursor };
  }
}

function completeMagic(line: string, cursor: number, language: Language): Completion | undefined {
  const [, percent = '', name = '', blank, args = ''] = /^(%{1,2})(\w*)([ \t]+)?(.*)$/.exec(line) ?? [];
  if (percent === '') return undefined;
  if (blank === undefined) {
    const all = [...new Set([...magics.map((magic) => magic.name), ...language.magics])];
    const matches = all.filter((candidate) => candidate.startsWith(name)).map((text): Match => ({ text: percent + text, type: 'magic' }));
    return { matches, start: cursor - name.length - percent.length, end: cursor };
  }
  const choices = magics.find((magic) => magic.name === name)?.complete?.(args);
  const matches = choices?.filter((choice) => choice.startsWith(args)).map((text): Match => ({ text }));
  return matches && { matches, start: cursor - args.length, end: cursor };
}

/** The first line in which a name stands. */
function lineOf(name: string, code: string): string {
  const at = Math.max(0, code.search(new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`)));
  const end = code.indexOf('\n', at);
  return code.slice(code.lastIndexOf('\n', at - 1) + 1, end < 0 ? undefined : end).trim();
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
