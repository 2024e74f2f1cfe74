import { Command } from 'commander';

/** The command line's parser: a wrong one is told in one line that begins with a capital and ends with where to read more. */
export class Program extends Command {
  override createCommand(name?: string): Program {
    return new Program(name).helpCommand(false);
  }

  override error(message: string, options?: { exitCode?: number; code?: string }): never {
    // The Databricks CLI takes a format there.
    const [asked] = /^error: unknown option '(?:-o\w*|--output(?:=[^']*)?)'/.exec(message) ?? [];
    if (asked !== undefined && this.options.some(({ long }) => long === '--json')) message = `${asked}: for JSON use --json`;
    // commander begins with "error: " and puts its suggestion on a line of its own.
    const words = message.replace(/^error: (.)/, (_, first: string) => first.toUpperCase()).replace(/\n(?=.)/g, ' ');
    return super.error(`${words.replace(/\.$/, '')}; see "${pathOf(this)} --help"`, options);
  }
}

/** `databricks-kernel clusters create` */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
