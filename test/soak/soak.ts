import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kernelLanguages, type KernelLanguage } from '../../src/languages/info.ts';
import { workspaceFiles } from '../../src/workspace/state-file.ts';
import { expectContexts, expectNothingLeft } from './aftermath.ts';
import { faultIn, faultPlan } from './faults.ts';
import { growthOf, inWords, type Figures } from './figures.ts';
import { Ledger } from './ledger.ts';
import { LogReader } from './log-reader.ts';
import { Counts, Notebook, Violation, type Surroundings } from './notebook.ts';
import { kill, Place } from './place.ts';
import type { Role } from './processes.ts';
import { Random } from './random.ts';
import { Disturbances, type Disturbance } from './troubles.ts';

export interface SoakOptions {
  /** From the first process to the last. */
  readonly minutes: number;
  /** The same seed gives the same steps in each notebook; how they meet is a matter of time. */
  readonly seed: number;
  /** Kernels at once, a third of them in each language; at least `leastKernels`. */
  readonly kernels: number;
  /** Ends it early, with nothing left. */
  readonly signal?: AbortSignal | undefined;
  /** Told how far it is, a line each. */
  tell(line: string): void;
}

/** What is killed, and how often one compared with the others. */
type Kills = Readonly<Partial<Record<Role & Disturbance, number>>>;

/** What came of it, for people. */
export type Report = readonly string[];

const languages = Object.keys(kernelLanguages) as KernelLanguage[];
/** One in each language lives on to the end, so that it can be seen what it holds; the others are restarted and killed. */
const leastKernels = languages.length + 1;
/** What a soak takes to end, and the least for each of its halves, however long it took to start on a busy machine. Milliseconds. */
const endMs = 20_000;
const leastHalfMs = 20_000;
/** How often it is looked at what is held, and how long people work in between. Milliseconds. */
const leastRounds = 12;
const mostRounds = 60;
const leastRoundMs = 5000;
/** A line for people this often. */
const tellEveryMs = 10_000;
/** How many steps are kept for the report of a violation. */
const keptSteps = 80;

/**
 * Notebooks in all languages that people work in all the time, on a real workspace with a real Spark, while kernels, workspace, driver and
 * Python processes are killed at random moments. In the second half the workspace lives on, and some of its calls fail instead: what it and
 * the kernels hold then must not grow. Throws with the seed, and what was done last, when anything happens that must not.
 */
export async function soak(options: SoakOptions): Promise<Report> {
  if (!(options.kernels >= leastKernels)) {
    throw new Error(`A soak needs ${leastKernels} kernels or more: one in each language lives on to its end, and only the others are restarted and killed.`);
  }
  const run = new Soak(options, await Place.make());
  try {
    return await Promise.race([run.run(), givenUp(options.signal)]);
  } catch (error) {
    throw await run.explained(error);
  } finally {
    await run.end();
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #place: Place;
  readonly #began = performance.now();
  readonly #counts = new Counts();
  readonly #disturbances = new Disturbances();
  readonly #steps: string[] = [];
  readonly #samples = new Map<string, Figures[]>();
  readonly #random: Random;
  #notebooks: readonly Notebook[] = [];
  /** Of the one whose calls fail. */
  #workspaceLog: LogReader | undefined;
  #stage = 'starting';
  #ended = false;

  constructor(options: SoakOptions, place: Place) {
    this.#options = options;
    this.#place = place;
    this.#random = new Random(options.seed);
  }

  async run(): Promise<Report> {
    const { minutes, seed, kernels, tell } = this.#options;
    tell(`seed ${seed}, ${kernels} kernels, ${minutes} minutes`);
    const telling = setInterval(() => tell(this.#line()), tellEveryMs);
    try {
      const ledger = await Ledger.make(this.#place.directory);
      const surroundings: Surroundings = {
        place: this.#place, ledger, disturbances: this.#disturbances, counts: this.#counts,
        note: (text) => this.#note(text), lookForFaults: () => this.#lookForFaults(),
      };
      this.#notebooks = Array.from({ length: kernels }, (_, index) => {
        const language = languages[index % languages.length] as KernelLanguage;
        return new Notebook(index + 1, language, index < languages.length, new Random(seed * 1000 + index), surroundings);
      });
      await this.#all((notebook) => notebook.settle());
      const left = () => minutes * 60_000 - endMs - (performance.now() - this.#began);
      await this.#work('everything dies', Math.max(leastHalfMs, left() / 2), { workspace: 2, driver: 2, python: 3 });
      // Nobody looks for the workspace while there is none: the next one would be started without faults.
      await this.#all((notebook) => notebook.settle());
      await this.#beginFaults();
      await this.#workInRounds('calls fail', Math.max(leastHalfMs, left()), { driver: 1, python: 3 });
      this.#stage = 'counting contexts';
      await this.#lookAtJournals(surroundings);
      await expectContexts(this.#place, kernels);
      this.#stage = 'shutting down';
      await this.#all((notebook) => notebook.close());
      this.#lookForFaults();
      this.#stage = 'looking for what is left';
      await expectNothingLeft(this.#place);
      const counts = await ledger.counts();
      for (const notebook of this.#notebooks) notebook.checkLedger(counts);
      return this.#report(this.#expectFlat());
    } finally {
      clearInterval(telling);
    }
  }

  /** All notebooks at once; the first that fails ends the soak. */
  async #all(act: (notebook: Notebook) => Promise<void>): Promise<void> {
    await Promise.all(this.#notebooks.map(act));
  }

  async #work(stage: string, ms: number, kills: Kills): Promise<void> {
    this.#stage = stage;
    const until = performance.now() + ms;
    let failed = false;
    const goesOn = () => !failed && !this.#ended && performance.now() < until;
    const fails = (error: unknown): never => {
      failed = true;
      throw error;
    };
    const working = this.#all(async (notebook) => {
      while (goesOn()) await notebook.act().catch(fails);
    });
    await Promise.all([working, this.#killing(kills, goesOn).catch(fails)]);
  }

  /** Between two rounds nobody works for a moment, so that what is held then can be compared. */
  async #workInRounds(stage: string, ms: number, kills: Kills): Promise<void> {
    const until = performance.now() + ms;
    for (let round = 0; round < leastRounds || performance.now() < until; round++) {
      await this.#work(stage, Math.max(leastRoundMs, ms / mostRounds), kills);
      await this.#all((notebook) => notebook.settle());
      await this.#look();
    }
  }

  /** Puts a workspace whose calls fail in the place of the one that there is. Nobody runs a cell meanwhile. */
  async #beginFaults(): Promise<void> {
    const plan = join(this.#place.directory, 'faults.json');
    await writeFile(plan, JSON.stringify(faultPlan(this.#options.seed)));
    this.#note('the workspace is replaced by one whose calls fail');
    this.#disturbances.add('workspace');
    await this.#place.workspace('stop');
    this.#workspaceLog = new LogReader(workspaceFiles(this.#place.home).log);
    await this.#place.workspace('start', '--faults', plan);
  }

  #lookForFaults(): void {
    for (const { at, what } of this.#workspaceLog?.news().flatMap((line) => faultIn(line) ?? []) ?? []) {
      this.#note(`fault: ${what}`);
      this.#disturbances.add('fault', at - performance.timeOrigin);
    }
  }

  async #killing(kills: Kills, goesOn: () => boolean): Promise<void> {
    const victims = Object.entries(kills).map(([role, weight]) => [weight, role as Role & Disturbance] as const);
    while (goesOn()) {
      await this.#untilNextKill(goesOn);
      const role = this.#random.choose(victims);
      const pids = (await this.#place.processes()).filter((one) => one.role === role).map(({ pid }) => pid);
      const [pid] = pids.length === 0 ? [] : [this.#random.choose(pids.map((one) => [1, one] as const))];
      if (pid === undefined || !goesOn()) continue;
      this.#note(`${role} ${pid} is killed`);
      this.#disturbances.add(role);
      kill(pid);
    }
  }

  /** As a rule when some cells have ended well after the last kill, however long that takes, and sometimes while everything still starts again. */
  async #untilNextKill(goesOn: () => boolean): Promise<void> {
    const inHaste = this.#random.chance(0.2);
    await sleep(this.#random.between(0, 3000));
    const cells = this.#counts.well + this.#random.between(5, 30);
    while (!inHaste && goesOn() && this.#counts.well < cells) await sleep(50);
  }

  /** Looks at what the kernels that live on and the workspace hold. */
  async #look(): Promise<void> {
    const kernels = this.#notebooks.filter(({ steady }) => steady).map(({ name, pid }) => [`kernel ${name}`, pid] as const);
    for (const [name, pid] of [['workspace', (await this.#place.state())?.pid] as const, ...kernels]) {
      const figures = pid === undefined ? undefined : await this.#place.figures(pid);
      if (figures === undefined) throw new Violation(`${name} is gone, though nobody has killed it`);
      this.#samples.set(name, [...(this.#samples.get(name) ?? []), figures]);
    }
  }

  /** A kernel that looks at the journals of those that were killed. */
  async #lookAtJournals(surroundings: Surroundings): Promise<void> {
    const last = new Notebook(this.#options.kernels + 1, 'sql', true, new Random(0), surroundings);
    this.#notebooks = [...this.#notebooks, last];
    await last.settle();
    await last.close();
  }

  #expectFlat(): readonly string[] {
    return [...this.#samples].map(([name, samples]) => {
      const growth = growthOf(samples);
      const line = `${name} (${samples.length} looks): ${inWords(growth)}`;
      if (growth.some(({ tooMuch }) => tooMuch)) throw new Violation(`something grows. ${line}`);
      return line;
    });
  }

  #report(held: readonly string[]): Report {
    return [this.#done(), ...held];
  }

  #done(): string {
    const { well, failed, interrupts, kernels, killed } = this.#counts;
    const disturbances = Object.entries(this.#disturbances.counts).map(([kind, count]) => `${count} ${kind}`).join(', ');
    return `${well + failed} cells (${failed} with trouble), ${interrupts} interrupts, ${kernels} kernels (${killed} killed); disturbed: ${disturbances || 'nothing yet'}`;
  }

  #line(): string {
    return `${Math.round((performance.now() - this.#began) / 1000)} s, ${this.#stage}: ${this.#done()}`;
  }

  #note(text: string): void {
    this.#steps.push(`${((performance.now() - this.#began) / 1000).toFixed(2)} ${text}`);
    if (this.#steps.length > keptSteps) this.#steps.shift();
  }

  /** The error with all that helps to find its cause. */
  async explained(error: unknown): Promise<Error> {
    const { minutes, seed, kernels } = this.#options;
    const log = (await this.#place.log()).split('\n').filter((line) => !line.includes(' handled: ')).slice(-30);
    const text = [
      error instanceof Violation ? error.message : String(error instanceof Error ? error.stack : error),
      `Again: npm run soak -- --minutes ${minutes} --kernels ${kernels} --seed ${seed}`,
      this.#line(),
      'The last steps:', ...this.#steps,
      "The end of the workspace's log:", ...log,
    ];
    return new Error(text.join('\n'), { cause: error });
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#notebooks.map((notebook) => notebook.abandon()));
    await this.#place[Symbol.asyncDispose]();
  }
}

async function givenUp(signal: AbortSignal | undefined): Promise<never> {
  await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  throw new Violation('asked to end');
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
