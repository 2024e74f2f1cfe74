import type { KernelLanguage } from '../../src/languages/info.ts';
import { createInterpreter } from '../../src/notebook/interpreter.ts';
import type { Session } from '../../src/session/api.ts';
import { eventually } from './eventually.ts';
import { FakeCell } from './fake-cell.ts';

/** How a cell ended. */
export interface CellEnd {
  readonly code: string;
  /** What stays in the notebook of its outputs, as JSON. */
  readonly text: string;
  /** Name and sentence; '' where the cell ended well. */
  readonly error: string;
  /** The error's traceback, as a front end shows it; '' without one. */
  readonly traceback: string;
}

/** A kernel's interpreter on a session, without the kernel around it. Its end closes the session, and waits long enough for a server that has to be asked twice. */
export interface FaultyNotebook extends AsyncDisposable {
  /** Runs a cell; interrupts it as soon as `interruptWhen` holds, if that is given. */
  run(code: string, interruptWhen?: () => boolean): Promise<CellEnd>;
}

export function openNotebook(language: KernelLanguage, session: Session): FaultyNotebook {
  const interpreter = createInterpreter({ session, language, closeWithinMs: 20_000 });
  return {
    async run(code, interruptWhen) {
      const cell = new FakeCell();
      const executing = interpreter.execute(code, cell);
      let ended = false;
      void executing.then(() => (ended = true));
      if (interruptWhen !== undefined) {
        await eventually(async () => ended || interruptWhen());
        cell.interrupt.abort();
      }
      const outcome = await executing;
      const text = cell.saved().map((output) => JSON.stringify(output)).join('\n');
      if (outcome.status === 'ok') return { code, text, error: '', traceback: '' };
      const { ename, evalue, traceback } = outcome.error;
      return { code, text, error: `${ename}: ${evalue}`, traceback: traceback.join('\n') };
    },
    [Symbol.asyncDispose]: () => interpreter[Symbol.asyncDispose](),
  };
}
