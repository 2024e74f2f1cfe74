import { Command } from 'commander';
import { packageVersion } from '../lib/package-file.ts';

export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('databricks-kernel').version(packageVersion);
  await program.parseAsync([...argv], { from: 'user' });
}
