import { readFile } from 'node:fs/promises';
import type { KernelMessage } from '@jupyterlab/services';
import { kernelLanguages, type KernelLanguage } from '../../src/languages/info.ts';

/** A notebook file, as far as its cells are run and compared. */
export interface Notebook {
  readonly cells: readonly NotebookCell[];
}

export interface NotebookCell {
  readonly id: string;
  readonly cell_type: 'code' | 'markdown' | 'raw';
  readonly metadata: { readonly tags?: readonly string[] };
  readonly source: Text;
  readonly execution_count?: number | null;
  readonly outputs?: readonly NotebookOutput[];
}

/** What nbformat lets be one string or one for each line. */
export type Text = string | readonly string[];

export interface NotebookOutput {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: Text;
  readonly data?: Readonly<Record<string, Text>>;
  readonly metadata?: object;
  readonly execution_count?: number | null;
  readonly ename?: string;
  readonly evalue?: string;
  readonly traceback?: readonly string[];
}

export async function readNotebook(path: string): Promise<Notebook> {
  return JSON.parse(await readFile(path, 'utf8')) as Notebook;
}

/** Its code, and its tag if it has one. */
export type NewCell = string | { readonly source: string; readonly tag: string };

/** The text of a notebook of code cells, as JupyterLab saves a new one that nobody has run. */
export function newNotebook(language: KernelLanguage, cells: readonly NewCell[]): string {
  const { kernelName, displayName } = kernelLanguages[language];
  return JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: kernelName, display_name: displayName, language } },
    cells: cells.map((cell, index) => {
      const { source, tags } = typeof cell === 'string' ? { source: cell, tags: [] } : { source: cell.source, tags: [cell.tag] };
      return { cell_type: 'code', id: `cell-${index + 1}`, metadata: { tags }, execution_count: null, outputs: [], source };
    }),
  });
}

/** What a front end shows of an output, in one line: `stdout: text`, `display_data: …`, `error: name: message`. */
export function shownLine({ output_type, name, text, data = {}, ename, evalue }: NotebookOutput): string {
  if (output_type === 'stream') return `${name}: ${joined(text ?? '')}`;
  if (output_type === 'error') return `error: ${ename}: ${evalue}`;
  return `${output_type}: ${'image/png' in data ? 'image/png' : joined(data['text/plain'] ?? '')}`;
}

export const joined = (text: Text): string => (typeof text === 'string' ? text : text.join(''));

/** The outputs that a front end keeps in the notebook for these messages: what `clear_output` took away is gone. */
export function outputsOf(messages: readonly KernelMessage.IIOPubMessage[]): NotebookOutput[] {
  let outputs: NotebookOutput[] = [];
  let clearFirst = false;
  for (const { header, content } of messages) {
    if (header.msg_type === 'clear_output') {
      clearFirst = (content as { wait: boolean }).wait;
      if (!clearFirst) outputs = [];
      continue;
    }
    if (clearFirst) outputs = [];
    clearFirst = false;
    const { transient: _, ...output } = content as { transient?: object };
    outputs.push({ output_type: header.msg_type, ...output });
  }
  return outputs;
}

/** What differs from run to run though the cell did the same, and what stands for it. */
const replacements: readonly [what: string, pattern: RegExp, instead: string][] = [
  ["the ids that Spark's analyser gives to columns", /#\d+L?/g, '#N'],
  ["IPython's colours, other ones in each of its versions", /\u001b\[[\d;]*m/g, ''],
  ["the REPL's count of frames that are not the cell's", /\.\.\. \d+ elided/g, '... N elided'],
  ["lines of Scala's library", /\((\w+\.scala):\d+\)/g, '($1:N)'],
];

/** An output as it is to be compared: pictures are pictures of a size, and ids are no more than that. */
export function comparable(outputs: readonly NotebookOutput[]): unknown[] {
  return mergeStreams(outputs).map(({ text, data, traceback, evalue, ...rest }) => ({
    ...rest,
    ...(text === undefined ? {} : { text: stable(joined(text)) }),
    ...(evalue === undefined ? {} : { evalue: stable(evalue) }),
    ...(traceback === undefined ? {} : { traceback: stable(traceback.join('\n')).split('\n') }),
    ...(data === undefined ? {} : { data: Object.fromEntries(Object.entries(data).map(([mime, content]) => [mime, comparableData(mime, joined(content))])) }),
  }));
}

/** How a stream is cut into messages is a matter of time. */
function mergeStreams(outputs: readonly NotebookOutput[]): NotebookOutput[] {
  return outputs.reduce<NotebookOutput[]>((merged, output) => {
    const last = merged.at(-1);
    if (output.output_type !== 'stream' || last?.output_type !== 'stream' || output.name !== last.name) return [...merged, output];
    return [...merged.slice(0, -1), { ...last, text: joined(last.text ?? '') + joined(output.text ?? '') }];
  }, []);
}

function comparableData(mime: string, content: string): string {
  if (mime === 'text/plain') return stable(content);
  return mime === 'image/png' ? pngSize(content) : content;
}

function stable(text: string): string {
  return replacements.reduce((changed, [, pattern, instead]) => changed.replace(pattern, instead), text);
}

const pngSignature = '89504e470d0a1a0a';

/** Width and height from the header of a PNG file. */
function pngSize(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('hex', 0, 8) !== pngSignature) throw new Error('image/png that is no PNG file');
  return `PNG of ${bytes.readUInt32BE(16)} × ${bytes.readUInt32BE(20)}`;
}
