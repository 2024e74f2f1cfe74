import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workspaceFiles } from '../../src/workspace/state-file.ts';
import { CommandLine } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { runProgram } from '../support/run-program.ts';
import { startInTerminal } from '../support/terminal.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

let program = '';
beforeAll(async () => {
  program = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(program), { recursive: true, force: true }));

test('Ctrl-C ends the wait for a workspace that starts, says that it goes on, and the next start finds it', async () => {
  await using home = new WorkspaceHome(program);
  const startAt = join(home.path, 'start now');
  const child = execFile(process.execPath, [program, 'workspace', 'start'], { env: home.env({ TEST_START_AT: startAt }) });
  let told = '';
  child.stderr?.on('data', (text: string) => (told += text));
  await eventually(async () => told.includes('Starting the embedded workspace\n'));
  child.kill('SIGINT');
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
  expect(told).toContain('The embedded workspace goes on starting; "databricks-kernel workspace stop" ends it.\n');
  await writeFile(startAt, '');
  await home.start();
  expect((await home.log()).match(/^listening at /gm)).toHaveLength(1);
});

/** A home whose log is long, and holds what should reach no terminal. */
async function withLog(): Promise<CommandLine> {
  const cli = await CommandLine.create({});
  const { log } = workspaceFiles(cli.env['DATABRICKS_KERNEL_HOME'] ?? '');
  await mkdir(dirname(log), { recursive: true });
  await writeFile(log, `first line\n${line.repeat(50_000)}`);
  return cli;
}

const line = '\u001b]0;owned\u0007a line\u001b[2J of the log\n';

test('logs are printed as they are, and a reader that has seen enough ends them without a word', async () => {
  await using cli = await withLog();
  const whole = await cli.run(['workspace', 'logs']);
  expect([whole.code, whole.stdout.length, whole.stderr]).toEqual([0, 'first line\n'.length + 50_000 * line.length, '']);
  const script = '"$@" | head -1; echo "${PIPESTATUS[0]}"';
  const piped = await runProgram('bash', ['-c', script, 'bash', ...cli.words(['workspace', 'logs'])], { env: cli.env });
  expect(piped).toEqual({ code: 0, stdout: 'first line\n141\n', stderr: '' });
});

test('on a terminal nothing in the logs steers it', async () => {
  await using cli = await withLog();
  await using terminal = startInTerminal(cli.words(['workspace', 'logs']), { cwd: cli.home, env: cli.env });
  expect(await terminal.ended).toBe(0);
  expect(terminal.written()).toContain('first line\r\na line of the log\r\n');
  expect(terminal.written()).not.toMatch(/owned|\u001b\[2J/);
});

test('start --faults makes calls fail as its file says, and start and status say so', async () => {
  await using home = new WorkspaceHome(program);
  const file = join(home.path, 'faults.json');
  await writeFile(file, JSON.stringify({ rules: [{ endpoint: 'GET /api/1.2/clusters/list', kind: '503', when: 'after', times: 2 }] }));
  const { code, stdout } = await home.run(['start', '--faults', file]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^Faults are on \(1 rule\): calls fail on purpose$/m)]);
  const state = await home.state();
  expect((await home.call(state, '/api/1.2/clusters/list')).status).toBe(503);
  expect(await home.log()).toMatch(/^faults are on, rules: 1\n[^]*^fault: 503 after GET \/api\/1\.2\/clusters\/list\nhandled: GET \/api\/1\.2\/clusters\/list 200$/m);
  expect((await home.run(['status'])).stdout).toContain('\nFaults are on (1 rule): calls fail on purpose\n');
  expect(await home.run(['start', '--faults', file])).toMatchObject({
    code: 2,
    stderr: 'The embedded workspace runs already: run "databricks-kernel workspace stop", then start it with faults.\n',
  });
});

test('start --faults with a file that cannot be used starts nothing', async () => {
  await using home = new WorkspaceHome(program);
  const file = join(home.path, 'faults.json');
  const wrong = async (plan: unknown) => {
    await writeFile(file, JSON.stringify(plan));
    const { code, stderr } = await home.run(['start', '--faults', file]);
    return [code, stderr, await home.serving()];
  };
  expect(await wrong({})).toEqual([2, `The faults in ${file} cannot be used: "rules" must be a list.\n`, false]);
  const [, told, serving] = await wrong({ rules: [{ endpoint: 'GET /nowhere', kind: 'reset', when: 'before' }] });
  expect([told, serving]).toEqual([expect.stringContaining('No call is "GET /nowhere", where a rule wants a fault; there are: '), false]);
});
