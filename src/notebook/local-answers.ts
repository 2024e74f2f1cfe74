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

/** Cells whose names have not been looked for yet. */
interface Unread {
  readonly cells: { readonly code: string; readonly cell: number }[];
  /** Of their code, in characters. */
  readonly length: number;
}

/** No name is longer. How far a word is looked for, because a line may hold a megabyte of base64 (and a regular expression that ends in `$` tries every start). */
const longestName = 256;

/** A cell of more characters was not written by hand, and its tens of thousands of names are no help to anybody. */
const longestLearned = 100_000;
/** Nor do more characters wait to be read: who asks first would wait for that. */
const mostUnread = 100_000;

/** What can be said of code without asking the cluster: keywords, magics, and the names that earlier cells defined. */
export class LocalAnswers {
  readonly #definitions = new Map<RemoteLanguage, Map<string, Definition>>();
  /** Cells that have run since anybody asked: most are never asked about, and no cell should end later for it. */
  readonly #unread = new Map<RemoteLanguage, Unread>();

  /** Remembers a cell that ran, for the names that it defined. */
  learn(code: string, language: Language, cell: number): void {
    if (code.length > longestLearned) return;
    const { cells, length } = this.#unread.get(language.id) ?? { cells: [], length: 0 };
    cells.push({ code, cell });
    this.#unread.set(language.id, { cells, length: length + code.length });
    if (length + code.length > mostUnread) this.#definitionsIn(language);
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
    for (const { code, cell } of this.#unread.get(language.id)?.cells ?? []) {
      const places = firstPlaces(code);
      for (const match of language.definedNames(code)) known.set(match.text, { match, cell, line: lineAt(code, places.get(match.text) ?? 0) });
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

/** Where each word of code stands first: to look for every name by itself would take as long as the square of the code. */
function firstPlaces(code: string): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const { 0: word, index } of code.matchAll(/[\p{L}\p{N}_$]+/gu)) if (!places.has(word)) places.set(word, index);
  return places;
}

function lineAt(code: string, at: number): string {
  const end = code.indexOf('\n', at);
  return code.slice(code.lastIndexOf('\n', at - 1) + 1, end < 0 ? undefined : end).trim();
}
