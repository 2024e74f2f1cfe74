/** The languages there is a kernel for, and what `kernel_info_reply` says of each. Imports nothing: the kernel's start path loads it. */
export type KernelLanguage = 'scala' | 'python' | 'sql';

/** What a front end learns of a kernel's language before any cell runs. */
export interface LanguageFacts {
  readonly id: KernelLanguage;
  /** Also the kernelspec's directory and name. */
  readonly kernelName: string;
  readonly displayName: string;
  /** `language_info` of the messaging protocol. */
  readonly languageInfo: {
    readonly name: string;
    readonly version: string;
    readonly mimetype: string;
    readonly file_extension: string;
    readonly pygments_lexer: string;
    readonly codemirror_mode: string | { readonly name: string; readonly version: number };
    readonly nbconvert_exporter: string;
  };
}

/** The kernels there are. Names and display names are held by installed kernelspecs and saved notebooks: they stay as they are. */
export const kernelLanguages: { readonly [L in KernelLanguage]: LanguageFacts } = {
  scala: {
    id: 'scala',
    kernelName: 'databricks-scala',
    displayName: 'Databricks Scala',
    languageInfo: {
      name: 'scala',
      version: '2.13',
      mimetype: 'text/x-scala',
      file_extension: '.sc',
      pygments_lexer: 'scala',
      codemirror_mode: 'text/x-scala',
      nbconvert_exporter: 'script',
    },
  },
  python: {
    id: 'python',
    kernelName: 'databricks-python',
    displayName: 'Databricks Python',
    languageInfo: {
      name: 'python',
      version: '3',
      mimetype: 'text/x-python',
      file_extension: '.py',
      pygments_lexer: 'ipython3',
      codemirror_mode: { name: 'ipython', version: 3 },
      nbconvert_exporter: 'python',
    },
  },
  sql: {
    id: 'sql',
    kernelName: 'databricks-sql',
    displayName: 'Databricks SQL',
    languageInfo: {
      name: 'sql',
      version: '3',
      mimetype: 'text/x-sql',
      file_extension: '.sql',
      pygments_lexer: 'sql',
      codemirror_mode: 'sql',
      nbconvert_exporter: 'script',
    },
  },
};

export function isKernelLanguage(text: string): text is KernelLanguage {
  return Object.hasOwn(kernelLanguages, text);
}
