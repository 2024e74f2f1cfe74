import type { Command } from 'commander';
import type { Check } from './doctor-checks.ts';
import { interruptible, type Interrupts } from './interruptible.ts';
import { thisMachine } from './machine.ts';
import { print } from './output.ts';
import { startProgress } from './progress.ts';
import { usageExit } from './report.ts';
import { addServerOptions, type ServerOptions } from './server-command.ts';
import { oneLine } from '../lib/controls.ts';

interface DoctorOptions extends ServerOptions {
  readonly json?: boolean;
}

const help = `
It starts nothing that costs money: a stopped cluster is only told of, and so is an embedded workspace that does not run. On a cluster that
runs, it opens an execution context, runs a command in it and destroys it. Passwords and tokens are never shown.

  ✓  fine
  –  neither fine nor wrong
  ✗  wrong; the line tells what to do

The exit code is 0, 1 when something is wrong, and 2 when a setting is. Ctrl-C ends it early; then "complete" is false in the JSON.

Examples:
  databricks-kernel doctor
  databricks-kernel doctor --profile PROD
  databricks-kernel doctor --json | jq '.checks[] | select(.state == "failed")'`;

/** `doctor`: what is configured, where each value came from, and whether it works. */
export function addDoctorCommand(program: Command): Command {
  const command = program
    .command('doctor')
    .description('what is configured, whether it works, and what to do if not')
    .option('--json', 'as JSON')
    .addHelpText('after', help);
  return addServerOptions(command, { cluster: true }).action((options: DoctorOptions) => interruptible((interrupts) => doctor(options, interrupts), { patient: true }));
}

async function doctor({ json, ...flags }: DoctorOptions, interrupts: Interrupts): Promise<void> {
  const { examine } = await import('./doctor-checks.ts');
  using progress = startProgress();
  const checks: Check[] = [];
  const patient = { machine: thisMachine(), pid: process.pid, nodeVersion: process.versions.node, flags, interrupts, onLook: (text: string) => progress.show(text) };
  try {
    for await (const check of examine(patient)) {
      progress.hide();
      if (json !== true) print(checkLines(check, checks.at(-1)?.section));
      checks.push(check);
    }
  } catch (error) {
    // What ended with the signal was not looked at.
    if (error !== interrupts.interrupted.reason) throw error;
  }
  const complete = !interrupts.interrupted.aborted;
  const wrong = checks.filter(({ state }) => state === 'failed');
  if (wrong.length > 0) process.exitCode = wrong.some(({ wrongSetting }) => wrongSetting) ? usageExit : 1;
  if (json === true) return print(JSON.stringify({ ok: complete && wrong.length === 0, complete, checks }));
  if (!complete) return print('\nEnded before everything was looked at.');
  print(wrong.length === 0 ? '\nNothing is wrong.' : `\n${wrong.length === 1 ? 'One thing is' : `${wrong.length} things are`} wrong.`);
}

const marks: Readonly<Record<Check['state'], string>> = { fine: '✓', open: '–', failed: '✗' };
/** Columns of the names; longer ones push their values to the right. */
const nameWidth = 18;

/** The line of a check, under the title of its section where that is new, and what to do on a line of its own. */
function checkLines({ section, name, state, text, origin, remedy }: Check, before: string | undefined): string {
  const title = section === before ? '' : `${before === undefined ? '' : '\n'}${section}\n`;
  const from = origin === undefined ? '' : ` (${origin})`;
  const todo = remedy === undefined ? '' : `\n  ${' '.repeat(nameWidth + 3)}→ ${oneLine(remedy)}`;
  return `${title}  ${marks[state]} ${name.padEnd(nameWidth)} ${oneLine(text + from)}${todo}`;
}
