import type { KernelLanguage } from '../../src/languages/info.ts';
import { outputsOf, shownLine } from '../support/notebook.ts';
import { startKernel, type Exit, type RunningKernel } from '../support/start-kernel.ts';
import { deferred } from '../support/deferred.ts';
import type { Executed } from '../support/front-end.ts';
import { endlessCell, recallingCell, rememberingCell, someCell, type SoakCell } from './cells.ts';
import { tokens, type Ledger, type Token } from './ledger.ts';
import type { Place } from './place.ts';
import type { Random } from './random.ts';
import { causesOf, Excuses, tellsLoss, tellsNotRun, type Disturbances } from './troubles.ts';

/** What all notebooks of a soak share. */
export interface Surroundings {
  readonly place: Place;
  readonly ledger: Ledger;
  readonly disturbances: Disturbances;
  readonly counts: Counts;
  /** Told each step, in a few words. */
  note(text: string): void;
  /** Adds to the disturbances which calls have failed on purpose since the last look. */
  lookForFaults(): void;
}

/** How much was done. */
export class Counts {
  /** Cells that ended as their code says. */
  well = 0;
  /** Cells that something was done to. */
  failed = 0;
  interrupts = 0;
  kernels = 0;
  killed = 0;
}

/** No cell, and no kernel, takes longer than this to end, whatever happens (milliseconds): on a busy machine a workspace needs half a minute to come back. */
const hangsAfterMs = 150_000;

/** What the ledger must say of a cell at the end. */
type Wanted = 'once' | 'at most once' | 'never';

/** Something that must not happen. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/**
 * Somebody who works in one notebook, and looks closely at what comes back. Its kernel lives on where it is `steady`, and is restarted,
 * shut down and killed otherwise.
 */
export class Notebook {
  readonly name: string;
  readonly language: KernelLanguage;
  readonly steady: boolean;
  readonly #number: number;
  readonly #random: Random;
  readonly #surroundings: Surroundings;
  readonly #excuses: Excuses;
  readonly #wanted = new Map<Token, Wanted>();
  #starting: Promise<RunningKernel> | undefined;
  #kernel: RunningKernel | undefined;
  #abandoned = false;
  readonly #strays: string[] = [];
  #cells = 0;
  #executionCount = 0;
  /** What the variable of `remember` may hold; `undefined`: it is not there. */
  #kept: ReadonlySet<Token | undefined> = new Set([undefined]);

  constructor(number: number, language: KernelLanguage, steady: boolean, random: Random, surroundings: Surroundings) {
    this.name = `${number} ${language}${steady ? '' : ', restless'}`;
    this.language = language;
    this.steady = steady;
    this.#number = number;
    this.#random = random;
    this.#surroundings = surroundings;
    this.#excuses = new Excuses(surroundings.disturbances);
  }

  /** Of the kernel, while there is one. */
  get pid(): number | undefined {
    return this.#kernel?.process.pid;
  }

  async open(): Promise<void> {
    if (this.#abandoned) throw new Violation(`${this.name}: is abandoned`);
    this.#starting = startKernel(this.#surroundings.place.kernel(this.language));
    this.#kernel = await this.#inTime('a kernel to start', this.#starting);
    this.#surroundings.counts.kernels += 1;
    this.#executionCount = 0;
    this.#kept = new Set([undefined]);
    this.#watchForStrays(this.#kernel);
  }

  /** One thing that people do. Throws `Violation`. */
  async act(): Promise<void> {
    const kernel = this.#kernel;
    if (kernel === undefined) return this.open();
    const act = this.#random.choose<() => Promise<unknown>>([
      [60, () => this.#runOne(this.#some())],
      [8, () => this.#remember()],
      [8, () => this.#recall()],
      [10, () => this.#interruptOne(kernel)],
      [5, () => this.#runSeveral()],
      [4, () => this.#ask(kernel)],
      [this.steady ? 0 : 4, () => this.#restart(this.#random.chance(0.5))],
      [this.steady ? 0 : 4, () => this.#kill(kernel, this.#random.chance(0.5))],
    ]);
    await act();
  }

  /** Runs cells until one ends well: at once, unless something has been done since the last. */
  async settle(): Promise<void> {
    if (this.#kernel === undefined) await this.open();
    while (!(await this.#runOne(this.#plain()))) this.#surroundings.note(`${this.name}: again`);
  }

  async close(): Promise<void> {
    const kernel = this.#kernel;
    this.#kernel = undefined;
    if (kernel === undefined) return;
    const { code, signal } = await this.#shutDown(kernel, false);
    if (code !== 0) this.#violation(`the kernel ended with ${code ?? signal} after shutdown_request`);
    if (/\bat .*:\d+:\d+\)?$/m.test(kernel.stderr())) this.#violation(`the kernel printed a stack:\n${kernel.stderr()}`);
  }

  /** Ends the kernel in any case, also one that is just being started: after a violation. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    const kernel = await this.#starting?.catch(() => undefined);
    kernel?.process.kill('SIGKILL');
    await kernel?.exited;
    await kernel?.[Symbol.asyncDispose]();
  }

  /** Looks for cells that ran more often than they may. */
  checkLedger(counts: ReadonlyMap<Token, number>): void {
    for (const [token, wanted] of this.#wanted) this.#check(token, wanted, counts.get(token) ?? 0);
  }

  #check(token: Token, wanted: Wanted, count: number): void {
    const most = wanted === 'never' ? 0 : 1;
    if (count > most || (wanted === 'once' && count === 0)) this.#violation(`cell ${token} ran ${count} times, which must be: ${wanted}`);
  }

  #token(): Token {
    this.#cells += 1;
    return `tok${this.#number}n${this.#cells}z`;
  }

  #some(): SoakCell {
    return someCell(this.language, this.#token(), this.#surroundings.ledger, this.#random);
  }

  /** One that ends well where nothing is done to it. */
  #plain(): SoakCell {
    for (;;) {
      const cell = this.#some();
      if (cell.provesAlive.length > 0) return cell;
    }
  }

  /** Whether the cell ended as its code says. */
  async #runOne(cell: SoakCell): Promise<boolean> {
    const kernel = this.#running();
    const begun = performance.now();
    const executed = await this.#inTime(`cell ${cell.token} (${cell.kind})`, kernel.execute(cell.code));
    return this.#judge(cell, executed, { begun, interrupted: false });
  }

  /** Cells one behind the other, as Run All sends them. */
  async #runSeveral(): Promise<void> {
    const kernel = this.#running();
    const begun = performance.now();
    const cells = Array.from({ length: this.#random.between(2, 4) }, () => this.#some());
    const running = cells.map((cell) => kernel.execute(cell.code));
    for (const [index, cell] of cells.entries()) {
      const executed = await this.#inTime(`cell ${cell.token} (${cell.kind}, ${index + 1} of ${cells.length})`, running[index] as Promise<Executed>);
      await this.#judge(cell, executed, { begun, interrupted: false });
    }
  }

  async #interruptOne(kernel: RunningKernel): Promise<void> {
    const random = this.#random;
    const cell = random.chance(0.6) ? endlessCell(this.language, this.#token(), this.#surroundings.ledger, random) : this.#some();
    const begun = performance.now();
    // An interrupt that comes before its cell meets nobody.
    const { promise: busy, resolve: began } = deferred<void>();
    const running = kernel.execute(cell.code, { onOutput: () => began() });
    await this.#inTime(`cell ${cell.token} to begin`, busy);
    await sleep(random.between(0, 1500));
    this.#surroundings.counts.interrupts += 1;
    await kernel.interrupt();
    // As people do when nothing seems to happen.
    const impatient = random.chance(0.1) ? sleep(3200).then(() => kernel.interrupt()) : undefined;
    await this.#judge(cell, await this.#inTime(`cell ${cell.token} (${cell.kind}), interrupted`, running), { begun, interrupted: true });
    await impatient;
  }

  async #remember(): Promise<void> {
    const cell = rememberingCell(this.language, this.#token());
    if (await this.#runOne(cell)) this.#kept = new Set([cell.token]);
    else this.#kept = new Set([...this.#kept, cell.token]);
  }

  /** What was kept is there, or people have been told that it is gone. */
  async #recall(): Promise<void> {
    const cell = recallingCell(this.language, this.#token());
    const before = this.#kept;
    const executed = await this.#inTime(`cell ${cell.token} (recall)`, this.#running().execute(cell.code));
    const line = linesOf(executed).at(-1) ?? '';
    const isNone = cell.none.test(line);
    if (!isNone && !cell.shows[0]?.test(line)) return void (await this.#judge(cell, executed, { begun: 0, interrupted: false }));
    this.#expectCount(executed);
    this.#hear(executed);
    const found = isNone ? undefined : tokenIn(line);
    if (!this.#kept.has(found)) this.#violation(`the variable holds ${found ?? 'nothing'}; possible are ${[...before].map((token) => token ?? 'nothing').join(', ')}:\n${executedInWords(executed)}`);
    this.#kept = new Set([found]);
    this.#surroundings.counts.well += 1;
  }

  /** What front ends ask while nothing runs. */
  async #ask(kernel: RunningKernel): Promise<void> {
    const questions = [['complete_request', { code: 'prin', cursor_pos: 4 }], ['inspect_request', { code: 'kept', cursor_pos: 4, detail_level: 0 }], ['kernel_info_request', {}]] as const;
    for (const [type, content] of questions) {
      const reply = await this.#inTime(type, kernel.request('shell', type, content));
      if ((reply.content as { status: string }).status !== 'ok') this.#violation(`${type} was answered with ${JSON.stringify(reply.content)}`);
    }
  }

  async #restart(again: boolean): Promise<void> {
    const kernel = this.#running();
    this.#surroundings.note(`${this.name}: ${again ? 'restarts' : 'shuts down'}`);
    // Some do it in the middle of a cell.
    if (this.#random.chance(0.4)) this.#leave(kernel, this.#some());
    await this.#shutDown(kernel, again);
    await this.open();
  }

  /** Resolves when the process has ended, which is what front ends wait for. */
  async #shutDown(kernel: RunningKernel, restart: boolean): Promise<Exit> {
    const exit = await this.#inTime('a kernel to end after shutdown_request', kernel.shutdown(restart));
    await kernel[Symbol.asyncDispose]();
    return exit;
  }

  async #kill(kernel: RunningKernel, inCell: boolean): Promise<void> {
    this.#surroundings.note(`${this.name}: is killed ${inCell ? 'in a cell' : 'at rest'}`);
    this.#surroundings.counts.killed += 1;
    if (inCell) {
      this.#leave(kernel, this.#some());
      await sleep(this.#random.between(0, 500));
    }
    kernel.process.kill('SIGKILL');
    await kernel.exited;
    await kernel[Symbol.asyncDispose]();
    await this.open();
  }

  /** Begins a cell whose end nobody will see. */
  #leave(kernel: RunningKernel, cell: SoakCell): void {
    if (cell.writes) this.#wanted.set(cell.token, 'at most once');
    kernel.execute(cell.code).catch(() => undefined);
  }

  async #judge(cell: SoakCell, executed: Executed, { begun, interrupted }: { readonly begun: number; readonly interrupted: boolean }): Promise<boolean> {
    const { counts, note, ledger, lookForFaults } = this.#surroundings;
    this.#expectCount(executed);
    this.#expectOwn(cell, executed);
    this.#hear(executed);
    const lines = linesOf(executed).filter((line) => !line.startsWith('stderr: '));
    const error = errorOf(executed);
    if ((executed.reply.status === 'ok') !== (error === undefined)) this.#violation(`the reply is ${executed.reply.status}, and the outputs are others:\n${executedInWords(executed)}`);
    const asItsCodeSays = lines.length === cell.shows.length && cell.shows.every((pattern, index) => pattern.test(lines[index] ?? ''));
    const wanted: Wanted = asItsCodeSays && cell.shows.length > 0 ? 'once' : error !== undefined && tellsNotRun(error) ? 'never' : 'at most once';
    if (cell.writes) {
      this.#wanted.set(cell.token, wanted);
      this.#check(cell.token, wanted, await ledger.count(cell.token));
    }
    note(`${this.name}: ${cell.kind} ${cell.token}: ${asItsCodeSays ? 'ok' : error?.split('\n', 1)[0]?.slice(0, 200) ?? 'unexpected'}`);
    if (asItsCodeSays) {
      counts.well += 1;
      this.#excuses.passed([...cell.provesAlive, 'fault'], begun);
      return true;
    }
    if (error === undefined) this.#violation(`cell ${cell.token} (${cell.kind}) shows something else:\n${cell.code}\n${executedInWords(executed)}`);
    counts.failed += 1;
    const causes = causesOf(error);
    if (causes.length === 0) this.#violation(`cell ${cell.token} (${cell.kind}) ended with an error that says nothing:\n${cell.code}\n${executedInWords(executed)}`);
    lookForFaults();
    if (!(interrupted && causes.includes('interrupt')) && !this.#excuses.take(causes)) {
      this.#violation(`cell ${cell.token} (${cell.kind}) ended with an error though nothing has happened that could cause it (${causes.join(', ')}):\n${executedInWords(executed)}`);
    }
    return false;
  }

  /** Cells are counted one by one. */
  #expectCount({ reply }: Executed): void {
    this.#executionCount += 1;
    if (reply.execution_count !== this.#executionCount) this.#violation(`a cell is number ${reply.execution_count}, not ${this.#executionCount}`);
  }

  /** No output of another cell is among those of this one. The driver's log, whose end a driver that has died leaves, is everybody's. */
  #expectOwn(cell: SoakCell, executed: Executed): void {
    if (errorOf(executed)?.includes('The end of its log:')) return;
    const strangers = (JSON.stringify(executed.outputs).match(tokens) ?? []).filter((token) => token !== cell.token);
    if (strangers.length > 0) this.#violation(`cell ${cell.token} shows what belongs to ${strangers[0]}:\n${executedInWords(executed)}`);
  }

  /** People are told that variables are gone. */
  #hear(executed: Executed): void {
    if ([...linesOf(executed), errorOf(executed) ?? ''].some(tellsLoss)) this.#kept = new Set([...this.#kept, undefined]);
  }

  /** What arrives for a cell that has ended belongs to nobody. */
  #watchForStrays({ connection }: RunningKernel): void {
    const busy = new Set<string>();
    connection.iopubMessage.connect((_, { header, parent_header, content }) => {
      const parent = 'msg_id' in parent_header ? parent_header.msg_id : undefined;
      if (parent === undefined) return;
      const state = header.msg_type === 'status' ? (content as { execution_state: string }).execution_state : undefined;
      if (state === 'busy') busy.add(parent);
      else if (!busy.has(parent)) this.#strays.push(`${header.msg_type} ${JSON.stringify(content).slice(0, 200)}`);
      if (state === 'idle') busy.delete(parent);
    });
  }

  #running(): RunningKernel {
    if (this.#strays.length > 0) this.#violation(`a message came outside of any cell: ${this.#strays[0]}`);
    if (this.#kernel === undefined) throw new Error('There is no kernel.');
    return this.#kernel;
  }

  async #inTime<T>(what: string, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Violation(`${this.name}: waits in vain for ${what}`)), hangsAfterMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #violation(text: string): never {
    throw new Violation(`${this.name}: ${text}`);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What a front end shows in the end, streams joined. */
function linesOf({ outputs }: Executed): readonly string[] {
  return outputsOf(outputs).reduce<string[]>((lines, output) => {
    const line = shownLine(output);
    const stream = output.output_type === 'stream' ? `${output.name}: ` : undefined;
    const last = lines.at(-1);
    if (stream !== undefined && last?.startsWith(stream)) return [...lines.slice(0, -1), last + line.slice(stream.length)];
    return [...lines, line];
  }, []);
}

/** `NAME: MESSAGE`, and the report below it; nothing where the cell did not fail. */
function errorOf({ outputs }: Executed): string | undefined {
  const last = outputsOf(outputs).at(-1);
  return last?.output_type === 'error' ? `${last.ename}: ${last.evalue}\n${last.traceback?.join('\n')}` : undefined;
}

function tokenIn(line: string): Token | undefined {
  return line.match(tokens)?.[0];
}

function executedInWords({ reply, iopub }: Executed): string {
  const messages = iopub.map(({ header, content }) => `  ${header.msg_type} ${JSON.stringify(content).slice(0, 1500)}`);
  return [`  reply ${JSON.stringify(reply).slice(0, 600)}`, ...messages].join('\n');
}
