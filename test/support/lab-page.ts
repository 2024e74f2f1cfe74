import { join } from 'node:path';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { packageRoot } from '../../src/lib/package-file.ts';

/** When a page that never becomes what a test waits for is given up, on a machine with much else to do. */
const patienceMs = 280_000;

/** JupyterLab's own words whenever a kernel restarts, also one of IPython's. */
const harmless = 'Connection lost, reconnecting in 0 seconds.';

/** A window of JupyterLab as a person sees it: what people do are its methods. All selectors are in this file. Disposal closes it. */
export class LabWindow implements AsyncDisposable {
  readonly page: Page;
  readonly notebook: NotebookPage;
  readonly console: ConsolePage;
  readonly #name: string;
  readonly #context: BrowserContext;

  private constructor(name: string, context: BrowserContext, page: Page) {
    this.#name = name;
    this.#context = context;
    this.page = page;
    this.notebook = new NotebookPage(page.locator('.jp-NotebookPanel'));
    this.console = new ConsolePage(page.locator('.jp-CodeConsole'));
  }

  /** A window in a browser without any other; `complaints` gets what JupyterLab writes into its console, such as messages that it does not understand. */
  static async open(name: string, context: BrowserContext, address: string, complaints: string[]): Promise<LabWindow> {
    context.setDefaultTimeout(patienceMs);
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && message.text() !== harmless) complaints.push(message.text());
    });
    await page.goto(address);
    await page.locator('.jp-Launcher, .jp-Notebook').waitFor();
    await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    return new LabWindow(name, context, page);
  }

  launcherCard(heading: 'Notebook' | 'Console', kernel: string): Locator {
    return this.page.locator(`.jp-LauncherCard[data-category="${heading}"][title="${kernel}"]`);
  }

  async choose(menu: string, item: string): Promise<void> {
    await this.page.getByRole('menuitem', { name: menu, exact: true }).click();
    await this.page.locator('.lm-Menu').getByText(item, { exact: true }).click();
  }

  /** Says yes to the question whether the kernel is to be restarted. */
  async confirmRestart(): Promise<void> {
    const dialog = this.page.locator('.jp-Dialog', { hasText: 'Restart Kernel?' });
    await dialog.locator('.jp-mod-accept').click();
    await dialog.waitFor({ state: 'detached' });
  }

  /** The kernel as the status bar tells of it: `Databricks SQL | Idle`. */
  async statusBarShows(text: string): Promise<void> {
    await this.page.locator('#jp-main-statusbar').getByText(text, { exact: true }).waitFor();
  }

  /** What Tab offers. */
  get completions(): Locator {
    return this.page.locator('.jp-Completer .jp-Completer-item');
  }

  /** What Shift-Tab shows. */
  get tooltip(): Locator {
    return this.page.locator('.jp-Tooltip');
  }

  /** What contextual help says of the place of the cursor. */
  get contextualHelp(): Locator {
    return this.page.locator('.jp-Inspector-content');
  }

  async hideSidebar(): Promise<void> {
    await this.page.keyboard.press('Control+b');
    await this.page.locator('.jp-FileBrowser').waitFor({ state: 'hidden' });
  }

  /** Keeps a picture of the window in `.cache/test/screenshots`. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: join(packageRoot, '.cache', 'test', 'screenshots', `${name}.png`) });
  }

  /** Closes the window; how it looked in the end is kept, whether the test passed or not. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.picture(this.#name);
    await this.#context.close();
  }
}

export class NotebookPage {
  readonly #panel: Locator;

  constructor(panel: Locator) {
    this.#panel = panel;
  }

  /** Counted from 1. */
  cell(number: number): CellPage {
    return new CellPage(this.#panel.locator('.jp-Cell').nth(number - 1));
  }

  /** The cell of code that has this in it. */
  cellWith(code: string): CellPage {
    const page = this.#panel.page();
    return new CellPage(this.#panel.locator('.jp-CodeCell', { has: page.locator('.cm-content', { hasText: code }) }));
  }

  /** Brings a heading to the top of what is seen. */
  async scrollTo(heading: string): Promise<void> {
    await this.#panel.getByRole('heading', { name: heading }).evaluate((element: { scrollIntoView(how: object): void }) => element.scrollIntoView({ block: 'start' }));
  }

  /** The kernel's name beside the toolbar's buttons, and the circle beside that. */
  async kernelIs(status: 'idle' | 'busy', name: string): Promise<void> {
    await this.#panel.locator('.jp-Toolbar-kernelName', { hasText: name }).waitFor();
    await this.#panel.locator(`.jp-Notebook-ExecutionIndicator[data-status="${status}"]`).waitFor();
  }

  async press(button: 'save' | 'interrupt' | 'restart' | 'restart-and-run'): Promise<void> {
    await this.#panel.locator(`[data-jp-item-name="${button}"] jp-button`).click();
  }

  /** Resolves when the file is written. */
  async save(): Promise<void> {
    await this.press('save');
    await this.#panel.page().locator('.lm-DockPanel-tabBar .lm-mod-current:not(.jp-mod-dirty)').waitFor();
  }
}

export class ConsolePage {
  readonly #panel: Locator;

  constructor(panel: Locator) {
    this.#panel = panel;
  }

  get banner(): Locator {
    return this.#panel.locator('.jp-CodeConsole-banner');
  }

  /** Where code is typed. */
  get prompt(): CellPage {
    return new CellPage(this.#panel.locator('.jp-CodeConsole-promptCell'));
  }

  /** What has been executed, counted from 1. */
  cell(number: number): CellPage {
    return new CellPage(this.#panel.locator('.jp-CodeConsole-content .jp-CodeCell').nth(number - 1));
  }
}

/** A cell of a notebook or a console. */
export class CellPage {
  readonly prompt: Locator;
  readonly editor: Locator;
  readonly output: Locator;

  constructor(cell: Locator) {
    this.prompt = cell.locator('.jp-InputPrompt');
    this.editor = cell.locator('.cm-content');
    this.output = cell.locator('.jp-OutputArea');
  }

  get table(): Locator {
    return this.output.locator('.jp-RenderedHTMLCommon table');
  }

  get image(): Locator {
    return this.output.locator('.jp-RenderedImage img');
  }

  get error(): Locator {
    return this.output.locator('[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]');
  }

  /** A word that the editor has given a colour of its own. */
  highlighted(word: string): Locator {
    return this.editor.locator('.cm-line > span').getByText(word, { exact: true });
  }

  /** `1` for `[1]:`, `*` while it runs, a blank if it never ran. */
  async hasPrompt(text: string | number): Promise<void> {
    await this.prompt.filter({ hasText: `[${text}]:` }).waitFor();
  }

  /** Its code from now on; the cursor is at its end. */
  async write(code: string): Promise<void> {
    await this.editor.fill(code);
  }

  async press(key: string, times = 1): Promise<void> {
    for (let pressed = 0; pressed < times; pressed++) await this.editor.press(key);
  }

  async run(code: string): Promise<void> {
    await this.write(code);
    await this.press('Control+Enter');
  }

  async shows(text: string | RegExp): Promise<void> {
    await this.output.filter({ hasText: text }).waitFor();
  }

  /** Of its table, the header among them; a row's cells are separated by tabs. */
  async rows(): Promise<string[]> {
    await this.table.waitFor();
    return this.table.locator('tr').allInnerTexts();
  }
}

/** The width in pixels of a picture that the browser has loaded and understood. */
export async function loadedWidth(image: Locator): Promise<number> {
  return image.evaluate(async (element: { decode(): Promise<void>; naturalWidth: number }) => {
    await element.decode();
    return element.naturalWidth;
  });
}
