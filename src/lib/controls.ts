/** A colour or style: the one kind of control sequence that changes nothing but how text looks. */
const style = String.raw`\u001b\[[\d;:]*m`;
/** CSI sequences; strings for the terminal (OSC, DCS, SOS, PM, APC) up to their end; other escapes; all control characters but tab and line ends, and those that change the order of text (bidi). A string ends before what begins another, so that none is read twice. */
const others = String.raw`[\u001b]\[[0-?]*[ -/]*[@-~]|\u009b[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0090\u0098\u009c-\u009f]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-Z\\^-~]|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]`;
const controls = new RegExp(`(${style})|${others}`, 'g');
const anyControl = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const reset = '\u001b[0m';

/**
 * Text that somebody else wrote (a server, the user's code) as a terminal may be sent it: whatever could move the cursor, rename the window,
 * type for the user or turn the order of words is gone. Tabs and line ends stay; colours where `colours` says so, and then do not run on.
 */
export function withoutControls(text: string, colours: boolean): string {
  if (!anyControl.test(text)) return text;
  let last = reset;
  const clean = text.replace(controls, (_, colour: string | undefined) => {
    if (colour === undefined || !colours) return '';
    last = colour;
    return colour;
  });
  return /^\u001b\[0*m$/.test(last) ? clean : `${clean}${reset}`;
}

/** As `withoutControls`, for words that stand beside ours: a carriage return would write over those, and is a line end. */
export function reported(text: string, colours: boolean): string {
  return withoutControls(text, colours).replace(/\r\n?/g, '\n');
}

/** Text on one line, without any control: for a cell of a table, a progress line, a sentence. */
export function oneLine(text: string): string {
  return withoutControls(text, false).replace(/[\t\r\n]+/g, ' ');
}
