import { readFileSync } from 'node:fs';
import { kernelLanguages, type KernelLanguage } from '../languages/info.ts';
import { BridgeError } from '../lib/errors.ts';
import { packageFile, packageVersion } from '../lib/package-file.ts';

/** kernel.json, as jupyter_client reads it. */
export interface KernelSpec {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode: string;
  readonly kernel_protocol_version: string;
  readonly env: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What an installed kernelspec calls itself, starts and sets. */
export interface SpecOptions {
  /** Absolute paths of Node and of `dist/main.js`. */
  readonly node: string;
  readonly main: string;
  readonly displayName?: string | undefined;
  /** The kernel's name, where it is not the language's own. */
  readonly name?: string | undefined;
  /** Environment variables of the kernel. */
  readonly env: Readonly<Record<string, string>>;
}

/** The key in `metadata` by which a kernelspec is known to be ours. */
const mark = 'databricks-kernel';

/** The files of a kernelspec beside kernel.json. */
export const logos = ['logo-32x32.png', 'logo-64x64.png', 'logo-svg.svg'] as const;

/** The file of the package that holds a language's template or logo. */
export function templateFile(language: KernelLanguage, name: string): string {
  return packageFile('kernel-spec', language, name);
}

/**
 * The template of a language, with the paths, names and settings of this installation. Throws `BridgeError` `config` for a secret in `env`.
 *
 * The templates keep what V8 sets aside for new objects small: otherwise it grows to 48 MB with the first thousand cells, and stays. Kernels mostly
 * wait, and many of them share a machine; it costs them some 5 % of processor time.
 */
export function kernelSpec(language: KernelLanguage, { node, main, displayName, name, env }: SpecOptions): KernelSpec {
  const template = JSON.parse(readFileSync(templateFile(language, 'kernel.json'), 'utf8')) as KernelSpec;
  const places: Readonly<Record<string, string>> = { '{node}': node, '{main}': main };
  // VS Code takes Python kernels of the same arguments for one and the same, whatever their names and variables.
  const named = name === undefined ? [] : ['--name', name];
  refuseSecrets(env);
  return {
    ...template,
    argv: template.argv.flatMap((argument) => (argument === '-f' ? [...named, argument] : [places[argument] ?? argument])),
    display_name: displayName ?? kernelLanguages[language].displayName,
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, literal(value)])),
    metadata: { ...template.metadata, [mark]: packageVersion },
  };
}

/** Was this text of a kernel.json written by us? */
export function isOurs(text: string): boolean {
  try {
    const spec = JSON.parse(text) as { metadata?: Record<string, unknown> } | null;
    return spec?.metadata?.[mark] !== undefined;
  } catch {
    return false;
  }
}

/** Jupyter expands `${NAME}` and `$NAME` in a kernelspec's variables. */
function literal(value: string): string {
  return value.replaceAll('$', '$$$$');
}

/** Kernelspecs are world-readable files. */
function refuseSecrets(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) {
    if (value === '' || (!/TOKEN|PASSWORD|SECRET/i.test(name) && !/^[a-z]+:\/\/[^/]*@/i.test(value))) continue;
    const advice = 'put it into a profile of ~/.databrickscfg and install with --profile NAME.';
    throw new BridgeError('config', `${name} holds a secret, and everybody can read a kernelspec: ${advice}`, { setting: name });
  }
}
