import type { BridgeError } from '../lib/errors.ts';
import type { RunOptions } from './api.ts';

/** Tells a cell why its command cannot be seen now, and since when; and that the command goes on all the same. */
export function tellUnseen(onStage: RunOptions['onStage']): (failure: BridgeError | undefined) => void {
  let since: string | undefined;
  return (failure) => {
    if (failure === undefined) {
      since = undefined;
      return onStage(undefined);
    }
    since ??= timeOfDay(new Date());
    onStage({ waitsFor: 'connection', text: `${failure.message} It has been so since ${since}. Unless its cluster has ended the code goes on there, and its result is fetched when that is mended; an interrupt gives it up.` });
  };
}

/** In words, how a cell ends that was interrupted while its command could not be seen. */
export function leftInWords(why: BridgeError): string {
  return `${why.message} So the code could not be stopped for certain, and may go on there. Its result is given up; its variables are kept.`;
}

function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
}
