// Whoever does not answer is not waited for.

/**
 * What a promise resolves to; rejects with `otherwise` when it takes longer than `ms`.
 * @template T @param {number} ms @param {Promise<T>} promise @param {string} otherwise @returns {Promise<T>}
 */
export async function within(ms, promise, otherwise) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} within ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
