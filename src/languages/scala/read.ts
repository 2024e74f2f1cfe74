import { errorOf } from '../error-text.ts';
import { ValueSplitter, type Marker } from '../markers.ts';
import type { Readers } from '../../render/result.ts';

/** `val res0: Int = 2` (Scala 2.13), `res0: Int = 2` (before). It is shown as the REPL prints it: its type is worth reading. */
const resEcho: Marker = {
  pattern: /^(?:val )?res(\d+): .*=(?=[ \n]|$)/gm,
  show: (marked) => marked.replace(/\n$/, ''),
};

/** `<console>:23: error: not found: value x`: the compiler names a place, not an exception. */
const compilerError = /^\s*(?:\S+:\d+: )?error: /;

/** Readers of one context's Scala texts, and how to make them forget it. */
export function createScalaReaders(): { readers: Readers; forget: () => void } {
  const splitter = new ValueSplitter(resEcho);
  return {
    readers: {
      text: (text) => splitter.split(text),
      error: (summary, cause) => errorOf(summary.replace(compilerError, 'CompileError: '), cause),
    },
    forget: () => splitter.forget(),
  };
}
