/** What the operating system refuses, in words that name the cause and no path: paths are for the log. */
const causes: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system can only be read',
  EACCES: 'the permission is missing',
  EPERM: 'the permission is missing',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENOENT: 'one of them is gone',
  EIO: 'the disk does not work',
};

/** The sentence for what the operating system refused to do with a file; `undefined` for any other error. */
export function systemWords(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '', syscall = '', path } = error as NodeJS.ErrnoException;
  if (syscall === '' || /^(?:spawn|connect|listen|bind)/.test(syscall)) return undefined;
  const cause = causes[code] ?? (path === undefined ? undefined : code);
  return cause && `The embedded workspace cannot use its files: ${cause}. Its log says which`;
}

/** What went wrong, for whoever asked; the log hears the whole of it. */
export function causeOf(error: unknown, log: (text: string) => void): string {
  const words = systemWords(error);
  if (words !== undefined) log(String(error));
  return words ?? (error instanceof Error ? error.message : String(error));
}
