import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { BridgeError } from '../lib/errors.ts';
import type { JsonValue } from '../lib/json.ts';
import { lockHolder } from '../lib/lock-file.ts';
import { isLoopback } from '../lib/loopback.ts';
import { kernelHome } from '../lib/paths.ts';
import { systemClock } from '../lib/time.ts';
import { askToStop, askWorkspace } from '../workspace/control.ts';
import type { WorkspaceInfo } from '../workspace/control.ts';
import { readFaultPlan } from '../workspace/fault-rules.ts';
import { ownAddress } from '../workspace/guard.ts';
import { locateWorkspace } from '../workspace/locate.ts';
import { readState, workspaceFiles } from '../workspace/state-file.ts';
import { interruptible } from './interruptible.ts';
import { thisMachine } from './machine.ts';
import { print, printResult, printWarning } from './output.ts';
import { startProgress } from './progress.ts';
import { workspaceLaunch } from './workspace-launch.ts';
import { addServeCommand, inMs, realCommands, withServeFlags, type ServeFlags, type WorkspaceCommands } from './workspace-serve.ts';

const help = `
Kernels and commands start it by themselves where no other workspace is chosen, and it ends when nobody has used it for a while.

Examples:
  databricks-kernel workspace start --master local[4]
  databricks-kernel workspace status
  databricks-kernel workspace logs --driver
  databricks-kernel workspace stop`;

/** Adds `workspace start|stop|status|logs`, and the hidden `workspace serve` that is the server process. */
export function addWorkspaceCommands(program: Command, commands: WorkspaceCommands = realCommands): void {
  const home = () => kernelHome(thisMachine());
  const group = program.command('workspace').description('Apache Spark on this machine behind the Databricks APIs').addHelpText('after', help);
  withServeFlags(group.command('start'))
    .description('start it where it does not run; returns when it answers')
    .addHelpText('after', '\nWhere one runs already with another address, port, master or time, that is said, and it stays as it is.\n\nExamples:\n  databricks-kernel workspace start\n  databricks-kernel workspace start --dialect classic --port 8080 --idle-timeout 480')
    .action((flags: ServeFlags, command: Command) => interruptible(({ interrupted }) => start(home(), commands.version, given(flags, command), interrupted)));
  group
    .command('stop')
    .description('end it, with its clusters and contexts')
    .addHelpText('after', '\nExample:\n  databricks-kernel workspace stop')
    .action(async () => stop(home()));
  group
    .command('status')
    .description('whether it runs, where, and what it holds; exit code 1 when it does not run')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  databricks-kernel workspace status --json | jq -r .url')
    .action(async ({ json }: { json?: true }) => status(home(), json));
  group
    .command('logs')
    .description('print its log')
    .option('--driver', 'the log of its Spark driver instead')
    .addHelpText('after', '\nExample:\n  databricks-kernel workspace logs --driver | tail -100')
    .action(async ({ driver }: { driver?: true }) => logs(home(), driver === true));
  addServeCommand(group, home, commands);
}

/** Those that stand on the command line; for the others any workspace will do. */
function given(flags: ServeFlags, command: Command): Partial<ServeFlags> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) === 'cli'));
}

async function start(home: string, version: string, wanted: Partial<ServeFlags>, signal: AbortSignal): Promise<void> {
  const { port, bind, dialect, master, idleTimeout, faults } = wanted;
  if (faults !== undefined) {
    await readFaultPlan(faults);
    if ((await askHere(home)) !== undefined) throw runsAlready();
  }
  const options = { port, bind, dialect, master, 'idle-timeout': idleTimeout, faults: faults && resolve(faults) };
  const flags = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  using progress = startProgress({ afterMs: 0 });
  try {
    const { url, clusterId } = await locateWorkspace({ home, version, dialect, launch: workspaceLaunch(flags), signal, onStage: progress.show });
    const rules = (await askHere(home))?.faultRules;
    // Somebody else was faster.
    if (faults !== undefined && rules === undefined) throw runsAlready();
    progress.stop();
    await checkStarted(home, wanted);
    if (bind !== undefined && !isLoopback(bind)) printWarning(isOpen(bind));
    print(`The embedded workspace answers at ${url}, cluster ${clusterId}; its token is in ${workspaceFiles(home).state}`);
    if (rules !== undefined) print(faultsAreOn(rules));
  } catch (error) {
    progress.stop();
    // It may be another's who waits for it as well.
    if (signal.aborted) process.stderr.write('The embedded workspace goes on starting; "databricks-kernel workspace stop" ends it.\n');
    throw error;
  }
}

async function askHere(home: string): Promise<WorkspaceInfo | undefined> {
  const state = await readState(home);
  return state && askWorkspace(state);
}

function runsAlready(): BridgeError<'config'> {
  return new BridgeError('config', 'The embedded workspace runs already: run "databricks-kernel workspace stop", then start it with faults.', { setting: '--faults' });
}

const faultsAreOn = (rules: number) => `Faults are on (${rules} ${rules === 1 ? 'rule' : 'rules'}): calls fail on purpose`;

/** Throws `BridgeError` `config` where one that ran already was started otherwise. */
async function checkStarted(home: string, { port, bind, master, idleTimeout }: Partial<ServeFlags>): Promise<void> {
  const state = await readState(home);
  if (state === undefined) return;
  const { url, bind: listensAt = ownAddress, master: runsOn, idleTimeoutMs } = state;
  const listensOn = Number(new URL(url).port || 80);
  const refuse = (setting: string, has: string) => {
    throw new BridgeError('config', `An embedded workspace runs already and ${has}: run "databricks-kernel workspace stop" first.`, { setting });
  };
  if (bind !== undefined && bind !== listensAt) refuse('--bind', `listens at ${listensAt}`);
  // 0 is any port.
  if (port !== undefined && port !== 0 && port !== listensOn) refuse('--port', `listens on port ${listensOn}`);
  if (master !== undefined && runsOn !== undefined && master !== runsOn) refuse('--master', `has ${runsOn} as its master`);
  if (idleTimeout !== undefined && typeof idleTimeoutMs === 'number' && inMs(idleTimeout) !== idleTimeoutMs) {
    refuse('--idle-timeout', `ends after ${idleTimeoutMs / 60_000} minutes without use`);
  }
}

const isOpen = (bind: string) =>
  `Warning: other machines can reach the embedded workspace at ${bind}. Whoever has its token runs code on this machine as you, and what is sent is not encrypted.`;

async function stop(home: string): Promise<void> {
  const { lock } = workspaceFiles(home);
  const holder = await lockHolder(lock);
  if (holder === undefined) return print('No embedded workspace is running.');
  const state = await readState(home);
  const asked = state && (await askToStop(state, false));
  const pid = Number.parseInt(holder, 10);
  if (asked === undefined) signalProcess(pid, 'SIGTERM');
  // A driver gets ten seconds to end; a server that needs longer hangs.
  const deadline = systemClock.now() + 12_000;
  while ((await lockHolder(lock)) === holder) {
    if (systemClock.now() > deadline) signalProcess(pid, 'SIGKILL');
    await systemClock.sleep(50);
  }
  print('The embedded workspace has stopped.');
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has just ended, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function status(home: string, json: true | undefined): Promise<void> {
  const state = await readState(home);
  const info = state && (await askWorkspace(state));
  if (state === undefined || info === undefined) {
    process.exitCode = 1;
    return printResult(json, { running: false }, () => 'No embedded workspace is running.');
  }
  const { token: _secret, ...shown } = state;
  const answer = { running: true, ...shown, ...info } as unknown as JsonValue;
  printResult(json, answer, () => {
    const clusters = info.clusters.map(({ id, status: word, message }) => `Cluster ${id}: ${word}${message === '' ? '' : `, ${message}`}\n`);
    const lines = [`The embedded workspace answers at ${state.url}`, `Process ${info.pid}, version ${info.version}, ${info.dialect} dialect, since ${state.started}`];
    if (info.faultRules !== undefined) lines.push(faultsAreOn(info.faultRules));
    return `${lines.join('\n')}\n${clusters.join('')}Open contexts: ${info.contexts}\n`;
  });
}

async function logs(home: string, driver: boolean): Promise<void> {
  const { log, driverLog } = workspaceFiles(home);
  const file = driver ? driverLog : log;
  try {
    await access(file);
  } catch {
    throw new BridgeError('config', `There is no log yet: ${file} does not exist.`, { setting: 'DATABRICKS_KERNEL_HOME' });
  }
  if (!process.stdout.isTTY) return pipeline(createReadStream(file), process.stdout, { end: false });
  // What users' code prints stands in it, too.
  for await (const line of createInterface({ input: createReadStream(file) })) print(line === '' ? '\n' : line);
}
