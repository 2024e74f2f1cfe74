import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultIn } from '../../soak/faults.ts';
import { growthOf, type Figures } from '../../soak/figures.ts';
import { Ledger } from '../../soak/ledger.ts';
import { Random } from '../../soak/random.ts';
import { soak } from '../../soak/soak.ts';
import { causesOf, Disturbances, Excuses, tellsLoss, troubles, type Disturbance } from '../../soak/troubles.ts';

/* What the soak would see. */

const MB = 1024 * 1024;
const plain: Figures = { held: 20 * MB, resident: 70 * MB, descriptors: 30, handles: 12 };
/** Twelve looks, the n-th with something more. */
const row = (more: (look: number) => Partial<Figures>) => Array.from({ length: 12 }, (_, look) => ({ ...plain, ...more(look) }));
const grown = (samples: readonly Figures[]) => growthOf(samples).filter(({ tooMuch }) => tooMuch).map(({ figure }) => figure);

describe('what a process holds', () => {
  test.for<[name: string, more: (look: number) => Partial<Figures>, figures: readonly string[]]>([
    ['the same all the time', () => ({}), []],
    ['much while it warms up', (look) => ({ held: look < 4 ? 5 * MB : plain.held }), []],
    ['more while a cell runs', (look) => ({ held: look % 2 === 0 ? 90 * MB : plain.held, descriptors: look % 3 === 0 ? 90 : 30 }), []],
    ['a megabyte more each time', (look) => ({ held: (20 + look * 2) * MB }), ['held']],
    ['resident memory that nobody gives back', (look) => ({ resident: (70 + look * 15) * MB }), ['resident']],
    ['a descriptor more each time', (look) => ({ descriptors: 30 + look * 3 }), ['descriptors']],
    ['a handle more each time', (look) => ({ handles: 12 + look * 3 }), ['handles']],
  ])('%s', ([, more, figures]) => {
    expect(grown(row(more))).toEqual(figures);
  });

  test('cannot be judged by a few looks', () => {
    expect(() => growthOf(row(() => ({})).slice(0, 11))).toThrow('11 samples are too few');
  });
});

describe('the ledger', () => {
  test('counts each run of each cell, in the file and in tables', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ledger-'));
    const ledger = await Ledger.make(directory);
    await appendFile(join(directory, 'ledger'), 'tok1n1z\ntok1n2z\ntok1n');
    expect(await ledger.count('tok1n1z')).toBe(1);
    await appendFile(join(directory, 'ledger'), '3z\ntok1n1z\n');
    await mkdir(join(directory, 'tables', 'tok3n1z', '_temporary'), { recursive: true });
    for (const part of ['a', 'b']) await writeFile(join(directory, 'tables', 'tok3n1z', `part-${part}`), 'tok3n1z\n');
    expect(await ledger.counts()).toEqual(new Map([['tok1n1z', 2], ['tok1n2z', 1], ['tok1n3z', 1], ['tok3n1z', 2]]));
    expect(await ledger.count('tok9n9z')).toBe(0);
    await rm(directory, { recursive: true });
  });
});

const resultLost =
  'The command has finished, but its result is lost: a server gives it only once, and that was the answer with it. The code was not run again; what it has done is done, and its variables are there.';

/** What kernels say, as front ends show it: a sentence for each row of the troubles, in their order. */
const sentences: readonly (readonly [error: string, causes: readonly Disturbance[]])[] = [
  ['KeyboardInterrupt: ', ['interrupt']],
  ['PythonProcessKilled: the Python code did not stop within 5 seconds of the cancel. Its process was ended, and its variables are lost; the next Python command gets a new process.', ['interrupt']],
  ['PythonProcessDied: the Python process of this context ended (signal SIGKILL). Its variables are lost; the next Python command gets a new process.', ['python']],
  ['PythonProcessDied: The Python process did not start: signal SIGKILL. Its log is /tmp/python.log. This command was not run; the next Python command gets a new process.', ['python']],
  ['Error: The Spark driver of cluster embedded has ended, and its variables are gone. It ended by itself (signal SIGKILL).', ['driver']],
  ['ContextLost: The execution context on cluster embedded at 127.0.0.1:4040 is gone (the cluster is restarting), and the variables of earlier cells with it: this cell was not run. The next cell gets a new context.', ['workspace', 'driver', 'fault']],
  ['ContextError: The execution context failed to start on cluster embedded: The Python process did not start: signal SIGKILL. Its log is /tmp/python.log.', ['python']],
  ['ContextError: The execution context failed to start on cluster embedded: the driver is ending.', ['workspace', 'driver', 'fault']],
  ['CommandError: The connection to http://127.0.0.1:4040 broke before the answer to commands/execute was here (UND_ERR_SOCKET). The command may be running or have run; it was not sent again. Look at what it changes before you run the code again.', ['workspace', 'fault']],
  ['CommandError: The server answered with a command status that is none: {"unexpected":[1,2,3]}.', ['fault']],
  [`CommandError: The connection to http://127.0.0.1:4040 broke before the answer to commands/status was here (UND_ERR_SOCKET). ${resultLost}`, ['fault']],
  ['WorkspaceUnreachable: Nothing answers at http://127.0.0.1:4040 (connection refused): check the embedded workspace.', ['workspace', 'driver', 'fault']],
  ['WorkspaceError: http://127.0.0.1:4040 is asked too often (commands/execute): an injected fault. Try again later.', ['fault']],
  ['AccessDenied: http://127.0.0.1:4040 does not accept the login for commands/execute: an injected fault. Check the embedded workspace.', ['fault']],
];

describe('an error of a cell', () => {
  test.for(sentences)('%s', ([error, causes]) => {
    expect(causesOf(error)).toEqual(causes);
  });

  test.for<[what: string, error: string]>([
    ['a web page', `CommandError: http://127.0.0.1:4040 answered commands/status with a web page (a login page?) that is not the API's: check DATABRICKS_HOST, and whether a VPN or private link is needed. ${resultLost}`],
    ['503', `CommandError: http://127.0.0.1:4040 refused commands/status (HTTP 503): an injected fault. ${resultLost}`],
    ['nonsense', `CommandError: The server answered with a command status that is none: {"unexpected":[1,2,3]}. ${resultLost}`],
  ])('%s in the place of a result is a fault and nothing else', ([, error]) => {
    expect(causesOf(error)).toEqual(['fault']);
  });

  test('each that is known is said by some kernel', () => {
    expect(sentences.map(([said]) => troubles.findIndex(({ error }) => error.test(said)))).toEqual([...troubles.keys()]);
  });

  test.for(['InternalError: x is not a function', 'ContextLost: ', 'WorkspaceUnreachable: no', 'TypeError: undefined', 'KeyError: 1'])('%s has no cause that would excuse it', (error) => {
    expect(causesOf(error)).toEqual([]);
  });

  test('is excused once by what was done, or while that spreads, and not by what has had its effect', () => {
    const disturbances = new Disturbances();
    const [one, other] = [new Excuses(disturbances), new Excuses(disturbances)];
    expect(one.take(['driver'], 50_000)).toBe(false);
    disturbances.add('driver', 50_000);
    expect(one.take(['workspace'], 51_000)).toBe(false);
    const ends = [51_000, 52_000, 109_000, 111_000];
    expect(ends.map((end) => one.take(['workspace', 'driver'], end))).toEqual([true, true, true, false]);
    other.passed(['python'], 60_000);
    expect([120_000, 121_000].map((end) => other.take(['driver'], end))).toEqual([true, false]);
    disturbances.add('driver', 130_000);
    other.passed(['driver'], 135_000);
    expect([other.take(['driver'], 140_000), one.take(['driver'], 140_000)]).toEqual([false, true]);
    one.passed(['driver'], 134_000);
    expect(one.take(['driver'], 141_000)).toBe(false);
  });

  test.for<[text: string, told: boolean]>([
    ['The earlier execution context is gone: this cell runs in a new one, without the variables of earlier cells.', true],
    ['The command did not stop, so its context was given up: variables and temporary views are gone.', true],
    ['PythonProcessDied: … Its variables are lost; the next Python command gets a new process.', true],
    ["NameError: name 'kept' is not defined", false],
    ['KeyboardInterrupt: ', false],
  ])('%s: tells that variables are gone: %s', ([text, told]) => {
    expect(tellsLoss(text)).toBe(told);
  });
});

test('a fault is found in the log of the workspace, with its time', () => {
  const line = '2026-11-25T18:30:12.301Z info workspace: fault: reset after POST /api/1.2/commands/execute';
  expect(faultIn(line)).toEqual({ at: Date.UTC(2026, 10, 25, 18, 30, 12, 301), what: 'reset after POST /api/1.2/commands/execute' });
  expect(faultIn('2026-11-25T18:30:12.301Z info workspace: handled: POST /api/1.2/commands/execute 200')).toBeUndefined();
});

test('the same seed makes the same choices, and another makes others', () => {
  const choices = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 50 }, () => random.choose<string | number>([[1, 'a'], [2, random.between(0, 9)], [0, 'never']]));
  };
  expect(choices(7)).toEqual(choices(7));
  expect(choices(7)).not.toEqual(choices(8));
  expect(choices(7)).not.toContain('never');
});

test('so few kernels that none would be restarted or killed are refused', async () => {
  const told: string[] = [];
  await expect(soak({ minutes: 1, seed: 1, kernels: 3, tell: (line) => void told.push(line) })).rejects.toThrow(
    'A soak needs 4 kernels or more: one in each language lives on to its end, and only the others are restarted and killed.',
  );
  expect(told).toEqual([]);
});
