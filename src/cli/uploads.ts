import { basename, extname } from 'node:path';
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { allClusters, type UploadSource } from '../databricks/api/uploaded-libraries.ts';
import type { Attachment, ClusterId, LibraryId, UploadedLibraryState, UploadType } from '../databricks/types.ts';
import { uploadTypes } from '../databricks/types.ts';
import { BridgeError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { ofCluster } from './clusters.ts';
import { facts, listed, printResult, printWarning, type JsonOption } from './output.ts';
import { onServer, type Task } from './server-command.ts';
import { oneLine } from '../lib/controls.ts';

interface UploadOptions extends JsonOption {
  readonly type?: UploadType;
  readonly name?: string;
  readonly folder: string;
  readonly attachAll?: true;
}

/** `libraries list|status|upload|delete|attach|detach`: the calls of "Library Management", API 1.2. */
export function addUploadCommands(libraries: Command): void {
  addUpload(libraries);
  addAttachments(libraries);

  const list = libraries.command('list').description('all uploaded libraries').option('--json', 'print JSON');
  list.addHelpText('after', '\nExample:\n  databricks-kernel libraries list');
  onServer<[], JsonOption>(list, {}, async ({ client, host }, { json }) => {
    const all = await client.uploadedLibraries.list();
    printResult(json, all.map(({ id, name, folder }) => ({ id, name, folder })), () =>
      listed(
        all,
        [{ title: 'ID', value: ({ id }) => id }, { title: 'NAME', value: ({ name }) => name }, { title: 'FOLDER', value: ({ folder }) => folder }],
        `No library was uploaded to ${host}.`,
      ),
    );
  });

  const status = libraries.command('status').description('one uploaded library, and how it does on its clusters').addArgument(libraryArgument()).option('--json', 'print JSON');
  status.addHelpText('after', '\nA library that is bad was uploaded all the same: here it says what is wrong with it.\n\nExample:\n  databricks-kernel libraries status 1234');
  onServer<[string], JsonOption>(status, {}, async (task, given, { json }) => {
    const state = await ofLibrary(task, given, (id) => task.client.uploadedLibraries.status(id));
    printResult(json, stateJson(state), () => describe(state));
  });

  const remove = libraries.command('delete').description('forget an uploaded library').addArgument(libraryArgument()).option('--json', 'print JSON');
  remove.addHelpText('after', '\nTo update a library, delete it, and upload it anew.\n\nExample:\n  databricks-kernel libraries delete 1234');
  onServer<[string], JsonOption>(remove, {}, async (task, given, { json }) => {
    const id = await ofLibrary(task, given, async (library) => {
      await task.client.uploadedLibraries.delete(library);
      return library;
    });
    printResult(json, { id }, () => `The library ${id} is deleted.`);
  });
}

function addUpload(libraries: Command): void {
  const upload = libraries
    .command('upload')
    .description('upload a jar, an egg or a wheel, or name a package of PyPI, and print its id')
    .addArgument(new Argument('<file>', 'the file; with --type python-pypi the name of the package'))
    .addOption(new Option('--type <type>', 'what it is; the name of a .jar, .egg or .whl tells it').choices(uploadTypes))
    .option('--name <name>', 'what it is called there; default: the name of the file')
    .option('--folder <folder>', 'where it is put; begins with "/"', absoluteFolder, '/')
    .option('--attach-all', 'attach it to all clusters, those to come included')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nThe API has no type of its own for wheels: they go as python-egg. The embedded workspace installs them as wheels; where a server does not,\nput the file where the cluster can read it, and use "libraries install --whl".\n\nExamples:\n  databricks-kernel libraries upload target/library.jar --folder /mylibraries --attach-all\n  databricks-kernel libraries upload --type python-pypi fuzzywuzzy',
    );
  onServer<[string], UploadOptions>(upload, {}, async ({ client, host, progress, signal }, what, { type, name, folder, attachAll, json }) => {
    const source = sourceOf(what, type);
    const called = name ?? ('path' in source ? basename(source.path) : source.package);
    const id = await client.uploadedLibraries.upload({
      source, name: called, folder, attachToAllClusters: attachAll === true, giveUp: signal,
      ...('path' in source && { onSent: (sent: number, total: number) => progress.showPart(`Uploading ${called} to ${host}`, sent, total) }),
    });
    progress.stop();
    printResult(json, { id }, () => id);
  });
}

/** Told before a large file is on its way: a server looks for the folder when all of it is there. */
function absoluteFolder(folder: string): string {
  if (folder.startsWith('/')) return folder;
  throw new InvalidArgumentError('It must begin with "/".');
}

/** What is uploaded. Throws `BridgeError` `config` where nothing tells what a file is. */
function sourceOf(what: string, type: UploadType | undefined): UploadSource {
  if (type === 'python-pypi') return { type, package: what };
  const extension = extname(what).toLowerCase();
  const told = type ?? typesByExtension[extension];
  if (told !== undefined) return { type: told, path: what };
  throw new BridgeError('config', `The name of ${what} does not tell what it is: give --type with one of ${uploadTypes.join(', ')}.`, { setting: '--type' });
}

/** The 1.2 document knows no wheels; a server that takes them tells them by their name. */
const typesByExtension: Readonly<Record<string, Exclude<UploadType, 'python-pypi'>>> = { '.jar': 'java-jar', '.egg': 'python-egg', '.whl': 'python-egg' };

function addAttachments(libraries: Command): void {
  const both = [
    { name: 'attach', description: 'put an uploaded library onto a cluster', all: 'onto all clusters, those to come included', has: 'is being attached to' },
    { name: 'detach', description: 'take it off a cluster, with its next restart', all: 'off all clusters, but those it is on by itself', has: 'is being detached from' },
  ] as const;
  for (const { name, description, all, has } of both) {
    const command = libraries
      .command(name)
      .description(description)
      .addArgument(libraryArgument())
      .addArgument(new Argument('[cluster]', 'id of the cluster; default: that of the settings'))
      .option('--all', all)
      .option('--json', 'print JSON')
      .addHelpText('after', `\nExamples:\n  databricks-kernel libraries ${name} 1234 0223-221237-tract\n  databricks-kernel libraries ${name} 1234 --all`);
    onServer<[string, string | undefined], JsonOption & { readonly all?: true }>(command, { cluster: true }, async (task, library, cluster, flags) => {
      const named = cluster ?? flags.clusterId;
      if (flags.all === true && named !== undefined) {
        throw new BridgeError('config', `Both the cluster ${oneLine(named)} and --all are given: choose one.`, { setting: '--all' });
      }
      await ofLibrary(task, library, (id) =>
        ofCluster(task, flags.all === true ? allClusters : cluster, async (clusterId) => {
          const { uploadedLibraries } = task.client;
          const where = clusterId === allClusters ? 'all clusters' : `cluster ${clusterId}`;
          const before = name === 'detach' ? await uploadedLibraries.status(id) : undefined;
          await uploadedLibraries[name](id, clusterId);
          const hitch = before && hitchOf(before, clusterId, where);
          if (hitch !== undefined) printWarning(hitch);
          printResult(flags.json, { id, clusterId }, () => (hitch !== undefined ? '' : `The library ${id} ${has} ${where}; "databricks-kernel libraries status ${id}" tells how far it is.`));
        }),
      );
    });
  }
}

/** Why a library is not about to be detached; `undefined` where it is. */
function hitchOf({ id, attachAllClusters, attachments }: UploadedLibraryState, cluster: ClusterId, where: string): string | undefined {
  // From one of them the call takes only what that has by itself, too.
  if (attachAllClusters && cluster !== allClusters) {
    return `The library ${id} is attached to all clusters and stays on ${where}: "databricks-kernel libraries detach ${id} --all" takes it off them.`;
  }
  const isAttached = attachAllClusters || attachments.some(({ clusterId, status }) => clusterId === cluster && status !== 'Detached');
  return isAttached ? undefined : `The library ${id} is not attached to ${where}.`;
}

function libraryArgument(): Argument {
  return new Argument('<library>', 'its id, as "libraries list" shows it');
}

/** Does something with an uploaded library. An unknown one is a wrong argument: `BridgeError` `config`. */
async function ofLibrary<T>(task: Task, given: string, work: (id: LibraryId) => Promise<T>): Promise<T> {
  try {
    return await work(given as LibraryId);
  } catch (error) {
    if (!(error instanceof BridgeError) || !error.is('api') || !error.details.serverMessage.includes(`key not found: ${given}`)) throw error;
    throw new BridgeError('config', `There is no library ${oneLine(given)} on ${task.host}: "databricks-kernel libraries list" shows those it has.`, { setting: 'LIBRARY' }, { cause: error });
  }
}

function describe(state: UploadedLibraryState): string {
  const { id, name, folder, type, files, attachAllClusters, attachments } = state;
  const head = facts([['ID', id], ['Name', name], ['Folder', folder], ['Type', type], ['Files', files.join(', ')], ['All clusters', attachAllClusters ? 'yes' : 'no']]);
  const table = listed<Attachment>(
    attachments,
    [{ title: 'CLUSTER', value: ({ clusterId }) => clusterId }, { title: 'STATUS', value: ({ status }) => status }, { title: 'MESSAGE', value: ({ message }) => message }],
    'It is attached to no cluster.',
  );
  return `${head}\n\n${table}`;
}

/** As the API itself writes it, with booleans. */
function stateJson({ id, name, folder, files, type, attachAllClusters, attachments }: UploadedLibraryState): JsonObject {
  return {
    id, name, folder, files, libType: type, attachAllClusters,
    statuses: attachments.map(({ clusterId, status, message }: Attachment) => ({ clusterId, status, message })),
  };
}
