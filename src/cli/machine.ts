import { homedir } from 'node:os';
import type { Machine } from '../lib/paths.ts';

/** The machine this runs on. */
export function thisMachine(): Machine {
  return { platform: process.platform, env: process.env, home: homedir() };
}
