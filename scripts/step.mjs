// Tells what is being done: one line that changes on a terminal, plain lines elsewhere.

/**
 * Runs one step of a longer job and shows how far it is. A step that takes no time shows nothing.
 * @template T
 * @param {string} title
 * @param {(progress: (text: string) => void) => Promise<T>} work
 * @param {NodeJS.WriteStream} [stream]
 * @returns {Promise<T>}
 */
export async function step(title, work, stream = process.stdout) {
  const terminal = stream.isTTY;
  const began = Date.now();
  const seconds = () => `${((Date.now() - began) / 1000).toFixed(0)} s`;
  let doing = '';
  let shown = '';
  let changed = false;
  const show = () => {
    if (terminal) {
      const line = `${title} (${seconds()})${doing && `: ${doing}`}`;
      stream.write(`\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}`);
      changed = true;
    } else if (doing !== shown || !changed) {
      stream.write(`${title}${doing && `: ${doing}`}\n`);
      changed = true;
      shown = doing;
    }
  };
  const timer = setInterval(show, terminal ? 200 : 1000);
  try {
    return await work((text) => {
      doing = text;
    });
  } finally {
    clearInterval(timer);
    if (changed) stream.write(terminal ? `\r\x1b[K${title}: ${seconds()}\n` : `${title}: ${seconds()}\n`);
  }
}
