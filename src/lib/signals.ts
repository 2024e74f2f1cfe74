/** Resolves when `signal` aborts (at once where it has). `forget` takes the listener off again, for signals that outlive the wait. */
export function whenAborted(signal: AbortSignal): Promise<void> & { forget(): void } {
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    const listener = (): void => resolve();
    signal.addEventListener('abort', listener, { once: true });
    stop = () => signal.removeEventListener('abort', listener);
  });
  return Object.assign(aborted, { forget: () => stop() });
}

/** Interrupts within this time of the first are the same interrupt: people press the button twice, and front ends send it again. Milliseconds. */
export const sameInterruptMs = 3000;
