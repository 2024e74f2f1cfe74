import { errorOf } from '../error-text.ts';
import { ValueSplitter, type Marker } from '../markers.ts';
import type { Readers } from '../../render/result.ts';

/** IPython's `Out[3]: 42`, and a line break after the colon where the value has several lines. The front end writes its own `Out[n]`. */
const outPrompt: Marker = {
  pattern: /^Out\[(\d+)\]: ?/gm,
  show: (marked, marker) => marked.slice(marker.length).replace(/^\n/, '').replace(/\n$/, ''),
};

/** Readers of one context's Python texts, and how to make them forget it. */
export function createPythonReaders(): { readers: Readers; forget: () => void } {
  const splitter = new ValueSplitter(outPrompt);
  return {
    readers: {
      text: (text) => splitter.split(text),
      error: (summary, cause) => errorOf(summary, cause),
    },
    forget: () => splitter.forget(),
  };
}
