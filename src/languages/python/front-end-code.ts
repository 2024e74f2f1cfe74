/**
 * The code that VS Code sends to every kernel whose language is Python, on start and behind its variables view (microsoft/vscode-jupyter,
 * `src/kernels/kernel.ts`, `kernelStartupCodeProvider.ts`, `variableScriptGenerator.ts`). It is about a local ipykernel: a look for ipywidgets, the
 * notebook's path, Jedi off, matplotlib's theme. On a cluster it would do nothing, and cost a context.
 */
const openings: readonly RegExp[] = [
  /^try:\s+import ipywidgets as _VSCODE_/,
  /^def (?:__VSCODE_|_VSCODE_|__jupyter_exec_background__)/,
  /^import \w+ as _{1,2}VSCODE_/,
  /^__vsc_ipynb_file__ *=/,
  /^(?:_VSCODE_|__VSCODE_)\w+/,
  /^get_ipython\(\)\.run_line_magic\('config', 'Completer\.use_jedi = False'\)(?=\s*(?:$|try:\s+(?:import matplotlib|%matplotlib|get_ipython)))/,
  /^%config Completer\.use_jedi = False(?=\s*(?:$|try:\s+(?:import matplotlib|%matplotlib)))/,
];

/** Whether code was written by a front end for its own purposes, and not by the user. */
export function isFrontEndCode(code: string): boolean {
  const start = code.trimStart();
  return openings.some((opening) => opening.test(start));
}
