// What the bench measures: experiments, each with contestants that take turns and figures that they are compared by.

/** Our own entry in most experiments. */
export const ours = 'databricks-kernel';

/** What no program that does the same can be faster than: the bare platform doing only that. */
export const floor = 'floor';

/**
 * One row of the table.
 * @typedef {object} Figure
 * @property {string} id unique within its experiment
 * @property {string} title
 * @property {'ms' | 's' | 'MiB' | '1/s' | 'count'} unit
 * @property {'mean'} [by] what its measurements are summed up in: their mean, where each alone says little; else their median
 * @property {Target} [target]
 */

/**
 * What must hold.
 * @typedef {object} Target
 * @property {string} text as a sentence
 * @property {(typical: (contestant: string) => number, most: (contestant: string) => number) => boolean} holds is given the median, or the mean where
 *   the figure goes by that, and the greatest; both throw `Unavailable` for one that
 *   has no measurements: the target is then not judged
 */

/** What one turn of a contestant measured: by the figure's id, one value or several. @typedef {Record<string, number | readonly number[]>} Measured */

/** One turn. Throws `Unavailable` where this machine cannot run it. @typedef {(context: Context) => Promise<Measured>} Contestant */

/**
 * Contestants that do the same thing, in turns: A B C, B C A, C A B.
 * @typedef {object} Experiment
 * @property {string} id unique in the bench
 * @property {string} group the name of its module in `rows/`
 * @property {string} title
 * @property {readonly Figure[]} figures
 * @property {Readonly<Record<string, Contestant>>} contestants by the name shown; `ours` and `floor` are what the others are set in proportion to
 * @property {{ readonly quick: number, readonly full: number }} turns how many each contestant has; with none in a quick run the experiment is left out of it
 * @property {number} [warmUps] turns before those, which do not count
 * @property {string} [ours] who the others are compared with, where it is not `databricks-kernel`
 * @property {string} [note] what a reader must know about the figures
 */

/**
 * What a contestant works with. All that it starts or leaves behind here ends with the experiment, also on Ctrl-C.
 * @typedef {object} Context
 * @property {boolean} quick
 * @property {string} program the built command, `dist/main.js`
 * @property {string} node the Node that it and the floor run on; nothing else does
 * @property {string} directory an empty directory of the experiment's own, removed after it
 * @property {import('./rivals.mjs').Rivals} rivals
 * @property {(argv: readonly string[], options?: StartOptions) => import('node:child_process').ChildProcess} start starts a process whose whole
 *   group is killed after the experiment
 * @property {(settings?: Readonly<Record<string, string>>) => NodeJS.ProcessEnv} env the environment of programs that are measured: none of the user's
 *   settings for Databricks and Jupyter, and `directory` as home
 * @property {(cleanUp: () => Promise<unknown> | void) => void} defer called after the experiment, the last one first
 * @property {<T>(make: (context: Context) => Promise<T>) => Promise<T>} shared what `make` made at the first call, for all turns of the experiment
 * @property {(text: string) => void} progress shown while it works
 */

/** By default `context.env()`, `context.directory`, no input, and pipes for output. @typedef {import('./processes.mjs').StartOptions} StartOptions */

/** Why something cannot be measured on this machine; the table shows it in the place of figures. */
export class Unavailable extends Error {}
