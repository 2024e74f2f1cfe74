import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { packageFile } from '../../src/lib/package-file.ts';
import { findBrowser, noBrowser, startBrowser } from './browser.ts';
import { jupyterPlace, startJupyter, type JupyterPlace, type JupyterServer } from './jupyter.ts';
import { LabWindow } from './lab-page.ts';
import { newNotebook, readNotebook } from './notebook.ts';
import { skip } from './skip.ts';

/** Settings that a person may choose: no dialogs but the tests' own, nothing saved but by them, and a console in which Enter executes what is complete. */
const settings = {
  '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false, doNotDisturbMode: true },
  '@jupyterlab/docmanager-extension:plugin': { autosave: false, renameUntitledFileOnSave: false },
  // Otherwise completions that take longer than a second on a busy machine are dropped.
  '@jupyterlab/completer-extension:manager': { providerTimeout: 60_000 },
  '@jupyterlab/console-extension:tracker': { interactionMode: 'terminal' },
};

/** A JupyterLab and a browser. */
export class Lab implements AsyncDisposable {
  /** What JupyterLab has complained of in any window, most of all messages that it could not read. */
  readonly complaints: string[] = [];
  readonly #place: JupyterPlace;
  readonly #server: JupyterServer;
  readonly #browser: Browser;

  private constructor(place: JupyterPlace, server: JupyterServer, browser: Browser) {
    this.#place = place;
    this.#server = server;
    this.#browser = browser;
  }

  static async start(executable: string): Promise<Lab> {
    const place = await jupyterPlace();
    const configuration = join(place.prefix, 'config', 'labconfig');
    await mkdir(configuration, { recursive: true });
    await writeFile(join(configuration, 'default_setting_overrides.json'), JSON.stringify(settings));
    const [server, browser] = await Promise.all([startJupyter(place, 'jupyterlab'), startBrowser(executable)]);
    return new Lab(place, server, browser);
  }

  /** A notebook that nobody has run, for a kernel. */
  write(name: string, language: KernelLanguage, sources: readonly string[]): Promise<void> {
    return writeFile(this.#path(name), newNotebook(language, sources));
  }

  /** One of the example notebooks as nobody has run it yet, and the data that it reads. */
  async copyTour(name: string): Promise<void> {
    const { cells, ...rest } = await readNotebook(packageFile('examples', name));
    const fresh = cells.map((cell) => (cell.cell_type === 'code' ? { ...cell, execution_count: null, outputs: [] } : cell));
    await writeFile(this.#path(name), JSON.stringify({ cells: fresh, ...rest }));
    const home = this.#place.env['DATABRICKS_KERNEL_HOME'] ?? '';
    await cp(packageFile('examples', 'data'), join(home, 'dbfs', 'databricks-datasets'), { recursive: true });
  }

  /** What is in a notebook's file. */
  async read(name: string): Promise<unknown> {
    return JSON.parse(await readFile(this.#path(name), 'utf8'));
  }

  /** Opens a window of a browser of its own, with a notebook or with the launcher. */
  async open(notebook?: string): Promise<LabWindow> {
    const { url, token } = this.#server;
    // What one workspace of JupyterLab has open, another does not open again.
    const address = `${url}lab/workspaces/${crypto.randomUUID()}${notebook === undefined ? '' : `/tree/${notebook}`}?token=${token}`;
    const context = await this.#browser.newContext({ viewport: { width: 1180, height: 1260 } });
    return LabWindow.open(notebook?.replace('.ipynb', '') ?? 'untitled', context, address, this.complaints);
  }

  /** Ends all kernels, as a person does who has closed the last window. */
  async shutDownKernels(): Promise<void> {
    for (const { id } of (await (await this.#ask('GET', 'api/kernels')).json()) as { id: string }[]) await this.#ask('DELETE', `api/kernels/${id}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#server[Symbol.asyncDispose]();
    await this.#place[Symbol.asyncDispose]();
  }

  #ask(method: string, path: string): Promise<Response> {
    return fetch(this.#server.url + path, { method, headers: { authorization: `token ${this.#server.token}` } });
  }

  #path(notebook: string): string {
    return join(this.#place.notebooks, notebook);
  }
}

/** One `Lab` for the tests of a file, which are skipped where there is no browser. No test may make JupyterLab complain. */
export function useLab(): () => Lab {
  let lab: Lab | undefined;
  const started = (): Lab => {
    if (!lab) throw new Error('JupyterLab is started before the first test');
    return lab;
  };
  beforeAll(async () => {
    const executable = await findBrowser();
    if (executable !== undefined) lab = await Lab.start(executable);
  });
  beforeEach((context) => {
    if (!lab) skip(context, noBrowser);
  });
  afterEach(async () => {
    if (!lab) return;
    await lab.shutDownKernels();
    expect(lab.complaints.splice(0)).toEqual([]);
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());
  return started;
}
