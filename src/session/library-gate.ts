import { hasFailed, nameOf, reasonOf } from '../databricks/library-words.ts';
import type { LibraryInstall } from '../databricks/types.ts';
import { isInstalling, waitForAllLibraries } from '../databricks/wait.ts';
import { BridgeError } from '../lib/errors.ts';
import { within } from '../lib/time.ts';
import { trace } from '../lib/trace.ts';
import type { Connection, Wait } from './connection.ts';

const log = trace('session');

/** A server that takes longer to tell of libraries is not waited for: a cell without any must not be slower for it. Milliseconds. */
const lookMs = 3000;

/** The libraries of the cluster as they are now; none where the server cannot tell, which must keep no cell from running. */
export async function lookAtLibraries({ client, clusterId }: Connection, { signal }: Wait): Promise<readonly LibraryInstall[]> {
  const asked = client.libraries.clusterStatus(clusterId).then(
    ({ libraries }) => libraries,
    (error: unknown) => {
      log.info(`libraries are not waited for: ${BridgeError.from(error).message}`);
      return [];
    },
  );
  return (await within(lookMs, asked, signal)) ?? [];
}

/**
 * Waits until the cluster installs nothing any more, unless `first` shows that it does not: a context that is opened earlier may lack
 * libraries for good. Gives what the user is to be told: what has failed, and what could not be waited for. Nothing that happens here keeps a
 * cell from running.
 */
export async function passLibraryGate(connection: Connection, cluster: string, first: readonly LibraryInstall[], wait: Wait): Promise<readonly string[]> {
  let seen = first;
  let why: string | undefined;
  const onState = (now: readonly LibraryInstall[]): void => {
    seen = now;
    if (now.some(isInstalling)) wait.onStage({ waitsFor: 'libraries', text: stageText(connection, cluster, now) });
  };
  if (first.some(isInstalling)) {
    onState(first);
    try {
      await waitForAllLibraries(connection.client, connection.clusterId, { onState, signal: wait.signal });
    } catch (error) {
      why = BridgeError.from(error).message;
    }
  }
  return [...failures(cluster, seen), ...(why === undefined ? [] : [unseen(cluster, seen, why)])];
}

function stageText({ describe }: Connection, cluster: string, seen: readonly LibraryInstall[]): string {
  const going = seen.filter(isInstalling);
  const words = going.map(({ library, status }) => `${nameOf(library)} (${status.toLowerCase()})`).join(', ');
  return `Waiting for libraries on cluster ${cluster} at ${describe.host}, ${seen.length - going.length} of ${seen.length} done: ${words}`;
}

function failures(cluster: string, seen: readonly LibraryInstall[]): readonly string[] {
  const failed = seen.filter(hasFailed);
  if (failed.length === 0) return [];
  const which = failed.map((one) => `${nameOf(one.library)}${reasonOf(one)}`).join('; ');
  return [`Cluster ${cluster} has not all of its libraries, and cells run without those that could not be installed: ${which}.`];
}

function unseen(cluster: string, seen: readonly LibraryInstall[], why: string): string {
  const which = seen.filter(isInstalling).map(({ library }) => nameOf(library)).join(', ');
  return `Libraries of cluster ${cluster} are no longer waited for, and cells may lack them (${which}): ${why}`;
}
