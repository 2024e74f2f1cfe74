import { reported, withoutControls } from '../lib/controls.ts';

/** Where text is written to. */
export interface Place {
  readonly isTTY?: boolean;
}

/**
 * Text that somebody else wrote (a server, the user's code) as a terminal may show it: colours stay, unless `NO_COLOR` is set, and every
 * other control sequence goes: it could move the cursor, rename the window or type for the user. A pipe or file gets the text as it is.
 */
export function textFor(place: Place, text: string): string {
  return place.isTTY === true ? withoutControls(text, colours()) : text;
}

/** As `textFor`, for reports that are coloured for people: without colours wherever no terminal shows them. */
export function reportFor(place: Place, text: string): string {
  return reported(text, place.isTTY === true && colours());
}

/** https://no-color.org */
function colours(): boolean {
  return (process.env['NO_COLOR'] ?? '') === '';
}
