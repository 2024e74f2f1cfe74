// Our waits by a clock that is moved on, as `simulated_waits.py` does it for the others.
//   simulated-waits TRIP SECONDS…   (TRIP: milliseconds of a round trip; a line of JSON for each command)
import { simulateWait } from '../../test/support/simulated-wait.ts';

const [trip = 0, ...runs] = process.argv.slice(2).map(Number);
for (const seconds of runs) process.stdout.write(`${JSON.stringify(await simulateWait(seconds * 1000, trip))}\n`);
