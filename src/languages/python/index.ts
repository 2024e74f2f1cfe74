import { findNames, type ContextOrigin, type Language, type NamePattern } from '../language.ts';
import { oneCommand } from '../plain.ts';
import { isComplete } from './completeness.ts';
import { answerFrontEnd } from './front-end-code.ts';
import { addsMagics, ipythonMagics, isPythonMagic, restartsCount } from './magics.ts';
import { createPythonReaders } from './read.ts';

/** Python on the cluster: an IPython whose values come with `Out[n]: `. */
export function createPython(firstContext: ContextOrigin): Language {
  const { readers, forget } = createPythonReaders();
  const runCommand = oneCommand(readers);
  // After `%load_ext`, which may have run in a context that was taken up, only IPython knows what magics there are, and says so of those that there are not.
  let hasUnknownMagics = firstContext === 'taken up';
  return {
    id: 'python',
    run: async (body, command, emit, view) => {
      const outcome = await runCommand(body, command, emit, view);
      // Only now: the command may have run in a new context, and what was known of the old one been forgotten.
      hasUnknownMagics ||= addsMagics(body);
      if (restartsCount(body)) forget();
      return outcome;
    },
    readers,
    magics: ipythonMagics,
    hasMagic: (name) => hasUnknownMagics || isPythonMagic(name),
    answersQuestions: true,
    answerFrontEnd,
    forget: (next) => {
      hasUnknownMagics = next === 'taken up';
      forget();
    },
    isComplete,
    keywords,
    definedNames: (code) => findNames(code, names),
  };
}

const keywords = (
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda match ' +
  'nonlocal not or pass raise return try while with yield case ' +
  'abs all any bool bytes callable chr dict dir enumerate filter float format frozenset getattr hasattr hash help hex id input int isinstance ' +
  'issubclass iter len list map max min next object open ord pow print range repr reversed round set setattr slice sorted str sum super tuple ' +
  'type vars zip display displayHTML dbutils spark sc sqlContext table'
).split(' ');

const word = String.raw`[\p{L}_][\p{L}\p{N}_]*`;
const names: readonly NamePattern[] = [
  { pattern: new RegExp(String.raw`^[ \t]*(?:async[ \t]+)?def[ \t]+(${word})`, 'gmu'), type: 'function' },
  { pattern: new RegExp(String.raw`^[ \t]*class[ \t]+(${word})`, 'gmu'), type: 'class' },
  { pattern: new RegExp(String.raw`^(${word}(?:[ \t]*,[ \t]*${word})*)[ \t]*(?::[^=\n]+)?=(?!=)`, 'gmu'), type: 'instance' },
  { pattern: new RegExp(String.raw`^[ \t]*(?:async[ \t]+)?for[ \t]+(${word}(?:[ \t]*,[ \t]*${word})*)[ \t]+in\b`, 'gmu'), type: 'instance' },
  { pattern: new RegExp(String.raw`^[ \t]*(?:from[ \t].*)?import[ \t].*\bas[ \t]+(${word})`, 'gmu'), type: 'module' },
  { pattern: new RegExp(String.raw`^[ \t]*with[ \t].*\bas[ \t]+(${word})`, 'gmu'), type: 'instance' },
  { pattern: new RegExp(String.raw`^[ \t]*import[ \t]+(${word}(?:[ \t]*,[ \t]*${word})*)[ \t]*$`, 'gmu'), type: 'module' },
  { pattern: new RegExp(String.raw`^[ \t]*from[ \t]+[\w.]+[ \t]+import[ \t]+\(?(${word}(?:[ \t]*,[ \t]*${word})*)(?![\p{L}\p{N}_]|[ \t]+as\b)`, 'gmu'), type: 'instance' },
];
