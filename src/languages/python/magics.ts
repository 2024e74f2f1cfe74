/** Those that Databricks adds to it. IPython says so itself where a cluster does not have one. */
const databricksMagics: readonly string[] = ['restart_python', 'set_cell_max_output_size_in_mb', 'tensorboard', 'profile', 'oprofile'];

/** IPython's own magics (9.x), which work in a command because the cluster's Python is an IPython. `%run` is not among them: in a notebook it runs a notebook. */
export const ipythonMagics: readonly string[] = (
  'alias alias_magic autoawait autocall automagic bash bookmark capture cat cd code_wrap colors conda config cp debug dhist dirs doctest_mode ed edit ' +
  'env file gui hist history HTML html javascript js killbgscripts latex ldir lf lk ll load load_ext loadpy logoff logon logstart logstate logstop ' +
  'ls lx macro magic mamba markdown matplotlib micromamba mkdir mv notebook page pastebin pdb pdef pdoc perl pfile pinfo pinfo2 pip popd pprint ' +
  'precision prun psearch psource pushd pwd pycat pylab pypy python2 python3 quickref recall rehashx reload_ext rep rerun reset reset_selective ' +
  'rm rmdir ruby save sc script set_env SVG svg sx system tb time timeit unalias unload_ext uv who who_ls whos writefile xdel xmode'
).split(' ');

/** Whether the cluster's Python is asked for a magic. */
export function isPythonMagic(name: string): boolean {
  return ipythonMagics.includes(name) || databricksMagics.includes(name);
}

/** Code after which a REPL may count its values from the beginning, in the same context. */
export function restartsCount(code: string): boolean {
  return /\brestartPython\b|%restart_python\b|%pip\b|%reset\b|\.reset\(/.test(code);
}

/** Code after which IPython may have magics that nobody here knows. */
export function addsMagics(code: string): boolean {
  return /%(?:re)?load_ext\b|%alias(?:_magic)?\b|\bregister_(?:line_|cell_|line_cell_)?magic|\bload_ext\b|\bregister_magics\b/.test(code);
}
