import { build } from '../../scripts/build.mjs';

/** Global set-up of the projects that start the program as a process: it is built from the sources under test. */
export default async function setup(): Promise<void> {
  await build();
}
