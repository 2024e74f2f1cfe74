import createSpinner from 'yocto-spinner';
import { systemClock } from '../lib/time.ts';
import { fit } from '../render/fit.ts';
import { oneLine } from '../lib/controls.ts';

/** What a person sees of a wait, on stderr: one line that changes and is gone at the end; plain lines where stderr is no terminal. */
export interface Progress extends Disposable {
  /** What is waited for now. */
  show(text: string): void;
  /** How much of it is done, of `total`: `text: 45 %`. */
  showPart(text: string, done: number, total: number): void;
  /** Nothing is waited for at the moment. */
  hide(): void;
  /** Takes the line away, for good. */
  stop(): void;
}

/** Shows that a request is tried again, and why, until it is answered. */
export function showRetries(progress: Progress): (failure: Error | undefined) => void {
  return (failure) => (failure === undefined ? progress.hide() : progress.show(`Trying again: ${failure.message}`));
}

/** Short waits need no words. Milliseconds. */
const usualDelayMs = 1000;

/** @param afterMs nothing is shown in the first of these milliseconds */
export function startProgress({ afterMs = usualDelayMs }: { readonly afterMs?: number } = {}): Progress {
  const screen = isInteractive() ? changingLine() : plainLines();
  const ended = new AbortController();
  let due = afterMs <= 0;
  let latest: Shown | undefined;
  const show = (shown: Shown): void => {
    latest = shown;
    if (due && !ended.signal.aborted) screen.show(shown);
  };
  if (!due) {
    void systemClock.sleep(afterMs, ended.signal).then(() => {
      due = true;
      if (latest !== undefined) show(latest);
    });
  }
  const hide = (): void => {
    latest = undefined;
    screen.hide();
  };
  const stop = (): void => {
    ended.abort();
    hide();
  };
  return {
    show: (text) => show({ text, percent: undefined }),
    showPart: (text, done, total) => show({ text, percent: total > 0 ? Math.floor((100 * Math.min(done, total)) / total) : 100 }),
    hide,
    stop,
    [Symbol.dispose]: stop,
  };
}

interface Shown {
  readonly text: string;
  readonly percent: number | undefined;
}

interface Screen {
  show(shown: Shown): void;
  hide(): void;
}

function words({ text, percent }: Shown): string {
  return percent === undefined ? oneLine(text) : `${oneLine(text)}: ${percent} %`;
}

function changingLine(): Screen {
  // Signals are `interruptible`'s: the spinner must not end the process before the command has cleaned up.
  const spinner = createSpinner({ stream: process.stderr, handleSignals: false });
  const hide = (): void => {
    spinner.stop();
    process.off('exit', hide);
  };
  return {
    show: (shown) => {
      // The spinner's sign and a blank stand before it; a line that wraps could not be taken away whole.
      const { text } = fit(words(shown), (process.stderr.columns || 80) - 3);
      if (spinner.isSpinning) {
        spinner.text = text;
        return;
      }
      spinner.start(text);
      // A process that is told to end at once gives the cursor back.
      process.on('exit', hide);
    },
    hide,
  };
}

/** How far apart two lines about parts are at least. Milliseconds. */
const partsApartMs = 1000;

/** A line for each change of the words, and for parts one a second. */
function plainLines(): Screen {
  let last = '';
  let partShown = -Infinity;
  return {
    show: (shown) => {
      const line = words(shown);
      if (line === last) return;
      if (shown.percent !== undefined) {
        const now = systemClock.now();
        if (now - partShown < partsApartMs) return;
        partShown = now;
      }
      last = line;
      process.stderr.write(`${line}\n`);
    },
    hide: () => {},
  };
}

/** As the spinner itself decides it. */
function isInteractive(): boolean {
  return process.stderr.isTTY === true && process.env['TERM'] !== 'dumb' && !('CI' in process.env);
}
