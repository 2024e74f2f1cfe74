// `npm start`: JupyterLab with the three kernels on the example notebooks.
// `npm start -- --execute NOTEBOOK… [--write]`: runs notebooks without a browser.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { follow } from './child.mjs';
import { python, root, setUp } from './setup.mjs';

const args = process.argv.slice(2);
const jupyter = join(root, '.cache', 'jupyter');

/** Neither the user's Jupyter settings nor their other kernels and running servers have a say in what the clone shows. */
const env = {
  ...process.env,
  JUPYTER_CONFIG_DIR: join(jupyter, 'config'),
  JUPYTER_DATA_DIR: join(jupyter, 'data'),
  JUPYTER_RUNTIME_DIR: join(jupyter, 'runtime'),
  JUPYTER_CONFIG_PATH: '',
  JUPYTER_PATH: '',
  JUPYTER_PREFER_ENV_PATH: '1',
  JUPYTERLAB_SETTINGS_DIR: join(jupyter, 'settings'),
  JUPYTERLAB_WORKSPACES_DIR: join(jupyter, 'workspaces'),
  IPYTHONDIR: join(jupyter, 'ipython'),
};

/** What JupyterLab's settings are where the user has chosen none: no request to the internet, and no dialog that asks whether to make them. */
const defaultSettings = {
  '@jupyterlab/apputils-extension:notification': { fetchNews: 'false' },
};

async function jupyterLab() {
  const labConfig = join(env.JUPYTER_CONFIG_DIR, 'labconfig');
  await mkdir(labConfig, { recursive: true });
  await writeFile(join(labConfig, 'default_setting_overrides.json'), JSON.stringify(defaultSettings));
  const browser = process.stdout.isTTY && hasDisplay();
  const options = {
    'ServerApp.root_dir': join(root, 'examples'),
    'ServerApp.ip': '127.0.0.1',
    'ServerApp.port_retries': '100',
    'Application.log_level': 'WARN',
  };
  const flags = ['-y', '--allow-root', ...(browser ? [] : ['--no-browser'])];
  const command = ['-m', 'jupyterlab', ...flags, ...Object.entries(options).map(([name, value]) => `--${name}=${value}`)];
  const token = randomBytes(24).toString('hex');
  const { code, asked } = await follow(python, command, { ...env, JUPYTER_TOKEN: token }, async (pid) => {
    const url = await serverUrl(pid, token);
    process.stdout.write(`\nJupyterLab with the Databricks kernels: ${url}lab?token=${token}\nCtrl-C ends it; Spark ends when it has been idle for half an hour.\n`);
  });
  // Ended as asked is no failure, whatever signal it took.
  return asked ? 0 : code;
}

/**
 * Where the server answers. It writes its address down when it has chosen a port, and takes the port a moment later.
 * @param {number} pid
 * @param {string} token
 * @returns {Promise<string>}
 */
async function serverUrl(pid, token) {
  for (;;) {
    const info = await readFile(join(env.JUPYTER_RUNTIME_DIR, `jpserver-${pid}.json`), 'utf8').catch(() => '');
    const url = info.endsWith('}') && JSON.parse(info).url;
    if (url && (await fetch(`${url}api/status?token=${token}`).then(({ ok }) => ok, () => false))) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function hasDisplay() {
  if (process.platform === 'linux') return Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
  return !process.env['SSH_CONNECTION'];
}

/** @param {readonly string[]} given notebooks and --write */
async function execute(given) {
  const { code } = await follow(python, [join(root, 'scripts', 'execute.py'), ...given], env);
  return code;
}

/** @param {readonly string[]} given */
function usageError(given) {
  const unknown = given.find((each) => each.startsWith('-') && !['--execute', '--write'].includes(each));
  if (unknown) return `Unknown option ${unknown}.`;
  if (given.length > 0 && !given.includes('--execute')) return 'Notebooks are run with --execute.';
  if (given.includes('--execute') && given.every((each) => each.startsWith('-'))) return '--execute needs a notebook.';
  return undefined;
}

const wrong = usageError(args);
if (wrong) {
  process.stderr.write(`${wrong} Usage: npm start [-- --execute NOTEBOOK… [--write]]\n`);
  process.exitCode = 2;
} else {
  if (!['', 'embedded'].includes(process.env['DATABRICKS_HOST'] ?? '')) {
    process.stdout.write('This uses the embedded workspace, never DATABRICKS_HOST; `databricks-kernel install` makes kernels that do.\n');
  }
  try {
    await setUp();
    await mkdir(jupyter, { recursive: true });
    process.exitCode = args.includes('--execute') ? await execute(args.filter((each) => each !== '--execute')) : await jupyterLab();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
process.exit();
