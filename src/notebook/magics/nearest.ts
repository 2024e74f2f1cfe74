/** The names that a mistyped one may have meant. */
export function nearest(name: string, names: readonly string[]): readonly string[] {
  const wanted = name.toLowerCase();
  const measured = names.map((candidate) => ({ candidate, far: distance(wanted, candidate.toLowerCase()) }));
  const best = Math.min(...measured.map(({ far }) => far));
  if (best > Math.ceil(wanted.length / 3)) return [];
  return measured.filter(({ far }) => far === best).slice(0, 3).map(({ candidate }) => candidate);
}

/** Levenshtein's: how many letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
