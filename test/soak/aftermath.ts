import { Violation } from './notebook.ts';
import type { Place } from './place.ts';
import type { Role } from './processes.ts';

/** The workspace holds the contexts of the kernels that live, and no other; so do the journals, once a kernel has looked at those of the dead. */
export async function expectContexts(place: Place, kernels: number): Promise<void> {
  await eventually(`${kernels} contexts in the workspace`, async () => (await place.info())?.contexts, (contexts) => contexts === kernels);
  await eventually(`${kernels} contexts in the journals`, async () => (await place.noted()).length, (noted) => noted === kernels);
}

/** When all kernels have been shut down: no context and no process of theirs, then none of the workspace, and no file that nobody needs. */
export async function expectNothingLeft(place: Place): Promise<void> {
  await eventually('no context in the workspace', async () => (await place.info())?.contexts, (contexts) => contexts === 0);
  await eventually('no kernel and no Python process', () => running(place, 'python', 'kernel'), (processes) => processes.length === 0);
  await place.workspace('stop');
  await eventually('no process at all', () => running(place), (processes) => processes.length === 0);
  const leftovers = await place.leftovers();
  if (leftovers.length > 0) throw new Violation(`these files are left: ${leftovers.join(', ')}`);
}

/** In words. */
async function running(place: Place, ...roles: readonly Role[]): Promise<readonly string[]> {
  const all = await place.processes();
  return all.filter(({ role }) => roles.length === 0 || roles.includes(role)).map(({ pid, command }) => `${pid} ${command.slice(0, 120)}`);
}

/** The workspace looks every few seconds for contexts whose kernel has died; on a busy machine it needs longer. Milliseconds. */
const atLastMs = 60_000;

async function eventually<T>(what: string, look: () => Promise<T>, holds: (value: T) => boolean): Promise<void> {
  const deadline = performance.now() + atLastMs;
  for (;;) {
    const value = await look();
    if (holds(value)) return;
    if (performance.now() > deadline) throw new Violation(`expected in the end: ${what}; there is ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
