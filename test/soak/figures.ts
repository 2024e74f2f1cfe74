/** What a process holds, after its garbage was collected. */
export interface Figures {
  /** Bytes that JavaScript and its buffers use. */
  readonly held: number;
  /** Bytes of resident memory, as the system counts them. */
  readonly resident: number;
  readonly descriptors: number;
  /** What keeps Node's event loop busy: sockets, timers, requests, child processes. */
  readonly handles: number;
}

const MB = 1024 * 1024;

/**
 * How much more each may be at the end than after the warm-up: a share of it, and a margin. A workspace has a connection or two for each kernel,
 * and as many for each context that has run Python.
 */
const mayGrow: Readonly<Record<keyof Figures, readonly [share: number, margin: number]>> = {
  held: [0.1, 4 * MB],
  resident: [0.2, 20 * MB],
  descriptors: [0, 10],
  handles: [0, 10],
};

export interface Growth {
  readonly figure: keyof Figures;
  readonly before: number;
  readonly after: number;
  readonly tooMuch: boolean;
}

/**
 * Compares the second third of a row of samples with the last; the first is the warm-up. What counts is the least that a process held in that
 * time: some hold something more for a while, and what has leaked is in every sample. Fewer than four may all be of such a while.
 */
export function growthOf(samples: readonly Figures[]): readonly Growth[] {
  const third = Math.floor(samples.length / 3);
  if (third < 4) throw new Error(`${samples.length} samples are too few to tell what grows.`);
  const [middle, last] = [samples.slice(-2 * third, -third), samples.slice(-third)];
  return (Object.keys(mayGrow) as (keyof Figures)[]).map((figure) => {
    const [before, after] = [middle, last].map((part) => Math.min(...part.map((sample) => sample[figure]))) as [number, number];
    const [share, margin] = mayGrow[figure];
    return { figure, before, after, tooMuch: after > before * (1 + share) + margin };
  });
}

/** `held 41 → 42 MB, …` */
export function inWords(growth: readonly Growth[]): string {
  return growth.map(({ figure, before, after }) => {
    const isBytes = figure === 'held' || figure === 'resident';
    return isBytes ? `${figure} ${(before / MB).toFixed(1)} → ${(after / MB).toFixed(1)} MB` : `${figure} ${before} → ${after}`;
  }).join(', ');
}
