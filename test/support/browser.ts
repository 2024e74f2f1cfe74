import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Why there is no browser, where there is none. */
export const noBrowser = `none of ${names.join(', ')} is on PATH`;

/** The Chromium of this machine, or `undefined` if it has none; on CI that is an error. */
export async function findBrowser(): Promise<string | undefined> {
  const places = (process.env['PATH'] ?? '').split(delimiter).flatMap((directory) => names.map((name) => join(directory, name)));
  for (const place of places) if (await access(place, constants.X_OK).then(() => true, () => false)) return place;
  if (process.env['CI']) throw new Error(`The tests in a browser need Chromium, and ${noBrowser}. Install it: apt-get install chromium`);
  return undefined;
}

/** Starts it without a screen. It makes no request but the tests' own, as far as flags can forbid it. @param flags more of them */
export function startBrowser(executablePath: string, flags: readonly string[] = []): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  // The sandbox refuses to run as root, which containers on CI do.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet, ...flags] });
}
