import { findNames, type Language, type NamePattern } from '../language.ts';
import { noMore, oneCommand } from '../plain.ts';
import { isComplete } from './completeness.ts';
import { createScalaReaders } from './read.ts';

/** Scala on the cluster: its REPL, which echoes every definition and names every value `resN`. */
export function createScala(): Language {
  const { readers, forget } = createScalaReaders();
  return {
    ...noMore,
    id: 'scala',
    run: oneCommand(readers),
    readers,
    forget,
    isComplete,
    keywords,
    definedNames: (code) => findNames(code, names),
  };
}

const keywords = (
  'abstract case catch class def do else extends false final finally for forSome if implicit import lazy match new null object override package ' +
  'private protected return sealed super this throw trait true try type val var while with yield ' +
  'Any AnyRef Array BigDecimal BigInt Boolean Byte Char Double Either Float Int Iterator Left List Long Map None Nil Option Right Seq Set Short ' +
  'Some String Try Unit Vector assert println require display displayHTML dbutils spark sc sqlContext table col lit when'
).split(' ');

const modifiers = String.raw`^[ \t]*(?:(?:private|protected|final|lazy|implicit|override|sealed|abstract|case|@\w+)[ \t]+)*`;
const names: readonly NamePattern[] = [
  { pattern: new RegExp(String.raw`${modifiers}va[lr][ \t]+([\w$]+)`, 'gm'), type: 'instance' },
  { pattern: new RegExp(String.raw`${modifiers}va[lr][ \t]+\(([\w$ \t,]+)\)`, 'gm'), type: 'instance' },
  { pattern: new RegExp(String.raw`${modifiers}def[ \t]+([\w$]+)`, 'gm'), type: 'function' },
  { pattern: new RegExp(String.raw`${modifiers}(?:class|trait|type)[ \t]+([\w$]+)`, 'gm'), type: 'class' },
  { pattern: new RegExp(String.raw`${modifiers}object[ \t]+([\w$]+)`, 'gm'), type: 'module' },
  { pattern: /^[ \t]*import[ \t][\w$.]+\.([\w$]+)[ \t]*$/gm, type: 'class' },
];
