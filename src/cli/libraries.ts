import { basename } from 'node:path';
import type { Command } from 'commander';
import { hasFailed, means, nameOf, reasonOf } from '../databricks/library-words.ts';
import { libraryFields } from '../databricks/parse/libraries.ts';
import type { ClusterId, ClusterLibraries, Library, LibraryInstall } from '../databricks/types.ts';
import { isSettled, waitForLibraries } from '../databricks/wait.ts';
import { BridgeError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { fit } from '../render/fit.ts';
import { clusterArgument, ofCluster } from './clusters.ts';
import { addLibraryOptions } from './library-options.ts';
import { listed, printResult, printWarning, type JsonOption } from './output.ts';
import { onServer, type ServerOptions, type Task } from './server-command.ts';
import type { Column } from './table.ts';
import { addUploadCommands } from './uploads.ts';

interface InstallOptions extends JsonOption, ServerOptions {
  readonly wait: boolean;
}

const help = `
Two APIs stand behind these. Libraries API 2.0 ("install", "uninstall", "cluster-status", "all-cluster-statuses") installs on a cluster what
lies in dbfs:/, on PyPI or in a Maven repository. API 1.2 ("upload", "attach", "detach", "delete", "list", "status") takes a file of this
machine, keeps it in the workspace, and attaches it to one cluster or to all. Today's workspaces may have the first only.

Examples:
  databricks-kernel libraries install --pypi simplejson --maven org.jsoup:jsoup:1.7.2 --exclude slf4j:slf4j
  databricks-kernel libraries cluster-status
  id=$(databricks-kernel libraries upload target/library.jar)
  databricks-kernel libraries attach $id --all`;

/** `libraries …`: one subcommand a call of Libraries API 2.0 and of "Library Management", API 1.2. */
export function addLibraryCommands(program: Command): Command {
  const libraries = program.command('libraries').description('install, upload and attach libraries: Python packages, jars').addHelpText('after', help);
  libraries.commandsGroup('Libraries API 2.0:');
  addInstall(libraries);
  addUninstall(libraries);
  addStatuses(libraries);
  libraries.commandsGroup('API 1.2:');
  addUploadCommands(libraries);
  return libraries;
}

/** Of both help texts. */
const whichCluster = 'The cluster is CLUSTER, else that of --cluster-id, else the cluster_id of a --json-file, else that of the settings.';

function addInstall(libraries: Command): void {
  const install = libraries.command('install').description('install on a cluster that runs, and show how far each is').addArgument(clusterArgument());
  const read = addLibraryOptions(install);
  install
    .option('--no-wait', 'return at once')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
${whichCluster}
The exit code is 1 when a library failed; one that was skipped, because it is for another Scala, is a warning. Ctrl-C ends the wait; the
cluster goes on installing.

Examples:
  databricks-kernel libraries install --pypi simplejson==3.8.0 --pypi mylib --repo https://pypi.example.com/simple
  databricks-kernel libraries install 0123-456789-abcdefgh --maven org.jsoup:jsoup:1.7.2 --exclude slf4j:slf4j --jar dbfs:/mnt/library.jar
  databricks-kernel libraries install --json-file install-libraries.json`,
    );
  onServer<[string | undefined], InstallOptions>(install, { cluster: true, progressAfterMs: 0 }, async (task, given, options) => {
    const { clusterId, libraries: wanted } = await read();
    await ofCluster(task, chosen(given, options, clusterId), async (id) => {
      await task.client.libraries.install(id, wanted);
      if (!options.wait) return printResult(options.json, { cluster_id: id }, () => `The installation on cluster ${id} has begun.`);
      const end = await untilSettled(task, id, wanted);
      task.progress.stop();
      printResult(options.json, statusJson({ clusterId: id, libraries: end }), () => listed(end, shortColumns, ''));
      tell(end, id);
    });
  });
}

function addUninstall(libraries: Command): void {
  const uninstall = libraries.command('uninstall').description('take off a cluster with its next restart').addArgument(clusterArgument());
  const read = addLibraryOptions(uninstall);
  uninstall.option('--json', 'print JSON').addHelpText(
    'after',
    `\n${whichCluster}\nA library that is not installed is no error.\n\nExamples:\n  databricks-kernel libraries uninstall --jar dbfs:/mnt/library.jar --cran ada\n  databricks-kernel libraries uninstall --json-file uninstall-libraries.json`,
  );
  onServer<[string | undefined], JsonOption & ServerOptions>(uninstall, { cluster: true }, async (task, given, options) => {
    const { clusterId, libraries: unwanted } = await read();
    await ofCluster(task, chosen(given, options, clusterId), async (id) => {
      // Afterwards nothing tells what was never there from what is gone already.
      const { libraries: before } = await task.client.libraries.clusterStatus(id);
      await task.client.libraries.uninstall(id, unwanted);
      const found = unwanted.map((library) => ({ name: nameOf(library), installed: before.filter((one) => means(library, one.library)) }));
      for (const { name, installed } of found) {
        if (installed.length === 0) printWarning(`${name} is not installed on cluster ${id}.`);
        // The call takes only what this cluster has by itself, too.
        if (installed.some(({ forAllClusters }) => forAllClusters)) {
          printWarning(`${name} is on all clusters and stays on cluster ${id}: "databricks-kernel libraries detach LIBRARY --all" takes it off them.`);
        }
      }
      const going = found.filter(({ installed }) => installed.some(({ forAllClusters }) => !forAllClusters)).map(({ name }) => name);
      printResult(options.json, { cluster_id: id }, () =>
        going.length === 0 ? '' : `Uninstalled when cluster ${id} restarts ("databricks-kernel clusters restart ${id}"): ${going.join(', ')}.`,
      );
    });
  });
}

function addStatuses(libraries: Command): void {
  const one = libraries.command('cluster-status').description('the libraries of one cluster').addArgument(clusterArgument()).option('--json', 'print JSON');
  one.addHelpText('after', '\nExample:\n  databricks-kernel libraries cluster-status 0123-456789-abcdefgh');
  onServer<[string | undefined], JsonOption>(one, { cluster: true }, async (task, given, { json }) => {
    const status = await ofCluster(task, given, (id) => task.client.libraries.clusterStatus(id));
    printResult(json, statusJson(status), () => listed(status.libraries, columns, 'There are no libraries on it.'));
  });

  const all = libraries.command('all-cluster-statuses').description('the libraries of all clusters').option('--json', 'print JSON');
  all.addHelpText('after', '\nExample:\n  databricks-kernel libraries all-cluster-statuses --json | jq .');
  onServer<[], JsonOption>(all, {}, async ({ client, host }, { json }) => {
    const statuses = await client.libraries.allClusterStatuses();
    const rows = statuses.flatMap(({ clusterId, libraries: installed }) => installed.map((library) => ({ clusterId, ...library })));
    printResult(json, { statuses: statuses.map(statusJson) }, () =>
      listed(rows, [{ title: 'CLUSTER', value: ({ clusterId }) => clusterId }, ...columns], `There are no libraries on the clusters of ${host}.`),
    );
  });
}

/** What was named on the command line goes before what a file says, and that before the settings. */
function chosen(given: string | undefined, { clusterId }: ServerOptions, inFile: ClusterId | undefined): string | undefined {
  return given ?? clusterId ?? inFile;
}

async function untilSettled(task: Task, id: ClusterId, wanted: readonly Library[]): Promise<readonly LibraryInstall[]> {
  const { client, progress, signal } = task;
  const onState = (seen: readonly LibraryInstall[]): void => {
    const going = seen.filter((library) => !isSettled(library));
    const words = (going.length > 0 ? going : seen).map(({ library, status }) => `${status} ${shortNameOf(library)}`);
    progress.show(`${seen.length - going.length} of ${seen.length} done: ${words.join(', ')} — cluster ${id}`);
  };
  try {
    return await waitForLibraries(client, id, wanted, { onState, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    const words = `The installation on cluster ${id} goes on without this command: "databricks-kernel libraries cluster-status ${id}" tells how far it is.`;
    throw new BridgeError('context', words, { lost: false }, { cause: error });
  }
}

/** Warns of what was skipped. Throws `BridgeError` `context` where something failed. */
function tell(end: readonly LibraryInstall[], id: ClusterId): void {
  for (const one of end.filter(({ status }) => status === 'SKIPPED')) printWarning(`${nameOf(one.library)} was skipped${reasonOf(one)}.`);
  const failed = end.filter(hasFailed);
  if (failed.length === 0) return;
  const whole = failed.map(({ library, messages }) => [`\n${nameOf(library)}:`, ...linesOf(messages).map((line) => `  ${line}`)].join('\n'));
  throw new BridgeError('context', [`${failed.length} of ${end.length} libraries failed on cluster ${id}.`, ...whole].join('\n'), { lost: false });
}

function linesOf(messages: readonly string[]): readonly string[] {
  return messages.flatMap((message) => message.split(/[\r\n]+/)).map((line) => line.trimEnd()).filter((line) => line !== '');
}

/** Columns of a message that is told whole elsewhere. */
const messageWidth = 100;

function shortened(messages: readonly string[]): string {
  const [first = '', ...more] = linesOf(messages);
  const { text, wasCut } = fit(first, messageWidth);
  return more.length === 0 || wasCut ? text : `${text} …`;
}

/** For a line that is short: of a file only its name. */
function shortNameOf(library: Library): string {
  if ('uri' in library) return basename(library.uri);
  return library.kind === 'unknown' ? nameOf(library) : nameOf(library).slice(library.kind.length + 1);
}

/** As the API itself writes it. */
function statusJson({ clusterId, libraries }: ClusterLibraries): JsonObject {
  return {
    cluster_id: clusterId,
    library_statuses: libraries.map(({ library, status, messages, forAllClusters }) => ({
      library: libraryFields(library), status, messages, is_library_for_all_clusters: forAllClusters,
    })),
  };
}

const columns: readonly Column<LibraryInstall>[] = [
  { title: 'LIBRARY', value: ({ library }) => nameOf(library) },
  { title: 'STATUS', value: ({ status }) => status },
  { title: 'ALL CLUSTERS', value: ({ forAllClusters }) => (forAllClusters ? 'yes' : '') },
  { title: 'MESSAGES', value: ({ messages }) => messages.join(' ') },
];

/** Where failures are told whole beside the table. */
const shortColumns: typeof columns = [...columns.slice(0, -1), { title: 'MESSAGES', value: (one) => (hasFailed(one) ? shortened(one.messages) : one.messages.join(' ')) }];
