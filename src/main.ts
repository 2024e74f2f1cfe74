#!/usr/bin/env node
// A kernel's start is what a person waits for: `run` goes straight to it, without the command-line parser and all other commands.
const [command, ...rest] = process.argv.slice(2);

try {
  if (command === 'run' && !rest.includes('--help') && !rest.includes('-h')) {
    const { run } = await import('./cli/run.ts');
    await run(rest);
  } else {
    const { main } = await import('./cli/index.ts');
    await main(process.argv.slice(2));
  }
} catch (error) {
  const { report } = await import('./cli/report.ts');
  process.exitCode = report(error);
}
