import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Option, type Command } from 'commander';
import { settingVariables } from '../databricks/config/fields.ts';
import { activeEnvironment, kernelsDirectory, type Target } from '../kernelspec/directories.ts';
import { installSpec, uninstallSpecs } from '../kernelspec/install.ts';
import { isVersioned, stableNode, unversioned } from '../kernelspec/launcher.ts';
import { kernelSpec } from '../kernelspec/spec.ts';
import { kernelLanguages, type KernelLanguage } from '../languages/info.ts';
import { BridgeError } from '../lib/errors.ts';
import { packageFile } from '../lib/package-file.ts';
import { kernelHome } from '../lib/paths.ts';
import { changeOptions, defaultOptions } from '../notebook/options.ts';
import { thisMachine } from './machine.ts';

interface TargetOptions {
  readonly user?: true;
  readonly sysPrefix?: true;
  readonly prefix?: string;
}

interface InstallOptions extends TargetOptions {
  readonly profile?: string;
  readonly host?: string;
  readonly clusterId?: string;
  readonly name?: string;
  readonly displayName?: string;
  readonly config: readonly string[];
  readonly env: readonly string[];
}

const installHelp = `
What is not said here, each kernel reads from its environment and ~/.databrickscfg when it starts.

Examples:
  databricks-kernel install                            the three kernels, for you
  databricks-kernel install --sys-prefix python sql    two of them, in the active Python environment
  databricks-kernel install --profile PROD --cluster-id 0123-456789-abcdefgh --name prod --display-name Production
  databricks-kernel install --host embedded --config table.json=on --env TZ=UTC sql`;

/** `install` and `uninstall`. */
export function addInstallCommands(program: Command): void {
  const languages = Object.keys(kernelLanguages) as KernelLanguage[];
  addTargetOptions(program.command('install'))
    .description('install the kernels into Jupyter')
    .option('-p, --profile <name>', 'profile of ~/.databrickscfg that the kernels use')
    .option('--host <url>', 'workspace that the kernels use; "embedded" is the one that comes with this program')
    .option('--cluster-id <id>', 'cluster that the kernels use')
    .option('--name <name>', 'name of the kernel; of several, what their names begin with')
    .option('--display-name <name>', 'name that people see; of several, what their names begin with')
    .addOption(collected('--config <key=value>', 'setting of `%config` that cells start with, for example table.json=on'))
    .addOption(collected('--env <name=value>', 'environment variable of the kernels'))
    .addArgument(new Argument('[language...]', 'default: all').choices(languages))
    .addHelpText('after', installHelp)
    .action(async (chosen: KernelLanguage[], options: InstallOptions) => {
      await install(chosen.length > 0 ? [...new Set(chosen)] : languages, options);
    });
  addTargetOptions(program.command('uninstall'))
    .description('remove the kernels from Jupyter; without an option, wherever they were installed')
    .addHelpText('after', '\nExample:\n  databricks-kernel uninstall --sys-prefix')
    .action(uninstall);
}

async function install(languages: readonly KernelLanguage[], options: InstallOptions): Promise<void> {
  const machine = thisMachine();
  const node = stableNode(process.execPath, machine, realPath);
  const main = unversioned([packageFile('dist', 'main.js'), process.argv[1] ?? ''], realPath);
  const kernels = kernelsDirectory(target(options), machine);
  const env = kernelEnvironment(options);
  for (const language of languages) {
    const { kernelName, displayName } = kernelLanguages[language];
    const one = languages.length === 1;
    const name = options.name === undefined ? kernelName : one ? options.name : `${options.name}-${language}`;
    const word = displayName.split(' ').at(-1);
    const unnamed = options.name === undefined ? displayName : `${displayName} (${options.name})`;
    const shown = options.displayName === undefined ? unnamed : one ? options.displayName : `${options.displayName} ${word}`;
    const lowered = name.toLowerCase();
    const spec = kernelSpec(language, { node, main, displayName: shown, env, name: lowered === kernelName ? undefined : lowered });
    const directory = join(kernels, lowered);
    await installSpec(directory, language, spec, kernelHome(machine));
    process.stdout.write(`Installed ${shown} in ${directory}\n`);
  }
  for (const path of [node, main].filter(isVersioned)) {
    process.stdout.write(`The kernels use ${path}: run this again after an upgrade that removes it.\n`);
  }
}

async function uninstall(options: TargetOptions): Promise<void> {
  const machine = thisMachine();
  const everywhere = !(options.user || options.sysPrefix || options.prefix);
  const usual: readonly Target[] = activeEnvironment(machine) ? [{ of: 'user' }, { of: 'environment' }] : [{ of: 'user' }];
  const targets = everywhere ? usual : [target(options)];
  const kernels = targets.map((each) => kernelsDirectory(each, machine));
  const { removed, left } = await uninstallSpecs(kernels, kernelHome(machine), { everywhere });
  for (const directory of removed) process.stdout.write(`Removed ${directory}\n`);
  for (const directory of left) process.stdout.write(`Removed the kernel in ${directory}; the other files there are not ours\n`);
  if (removed.length + left.length === 0) process.stdout.write('No kernels of this program are installed\n');
}

/** The variables that a kernelspec sets: the names that the settings are read from, so that there is one way to configure a kernel. */
function kernelEnvironment({ profile, host, clusterId, config, env }: InstallOptions): Record<string, string> {
  const pairs = env.map((pair) => {
    const [, name, value] = /^(\w+)=(.*)$/s.exec(pair) ?? [];
    if (name !== undefined && value !== undefined) return [name, value];
    throw new BridgeError('config', `--env takes NAME=VALUE, not "${pair}".`, { setting: '--env' });
  });
  const settings = config.join('\n');
  // A wrong setting is told here, and not by every kernel that starts with it.
  changeOptions(defaultOptions, settings);
  return {
    ...(profile === undefined ? {} : onlyProfile(profile)),
    ...(host === undefined ? {} : { DATABRICKS_HOST: host }),
    // The cluster of the shell that starts Jupyter is one of another workspace.
    ...(host?.toLowerCase() === 'embedded' ? { DATABRICKS_CLUSTER_ID: '' } : {}),
    ...(clusterId === undefined ? {} : { DATABRICKS_CLUSTER_ID: clusterId }),
    ...(config.length === 0 ? {} : { DATABRICKS_KERNEL_CONFIG: settings }),
    ...Object.fromEntries(pairs),
  };
}

/** Variables win over a profile, so that those of the shell which starts Jupyter are emptied: they may belong to another workspace. */
function onlyProfile(profile: string): Record<string, string> {
  return { ...Object.fromEntries(settingVariables.map((name) => [name, ''])), DATABRICKS_CONFIG_PROFILE: profile };
}

function addTargetOptions(command: Command): Command {
  return command
    .addOption(new Option('--user', 'for this user (default)').conflicts(['sysPrefix', 'prefix']))
    .addOption(new Option('--sys-prefix', 'for the active Python environment').conflicts(['user', 'prefix']))
    .addOption(new Option('--prefix <dir>', 'for the Python environment in this directory').conflicts(['user', 'sysPrefix']));
}

function target({ sysPrefix, prefix }: TargetOptions): Target {
  if (prefix !== undefined) return { of: 'prefix', prefix };
  return { of: sysPrefix ? 'environment' : 'user' };
}

function collected(flags: string, description: string): Option {
  const add = (value: string, values: readonly string[]): readonly string[] => [...values, value];
  return new Option(flags, `${description}; may be repeated`).argParser(add).default([], 'none');
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
