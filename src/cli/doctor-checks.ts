import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { trustedCertificates } from '../databricks/certificates.ts';
import type { Setting, SettingsSources } from '../databricks/config/fields.ts';
import type { NetworkSettings } from '../databricks/config/network.ts';
import { proxyFor, readNetworkSettings } from '../databricks/config/network.ts';
import type { Settings } from '../databricks/config/settings.ts';
import { readSettings } from '../databricks/config/settings.ts';
import { networkError, refusesLogin } from '../databricks/errors.ts';
import { createNetwork } from '../databricks/network.ts';
import { trial, type Cluster } from '../databricks/types.ts';
import { activeEnvironment, kernelsDirectory } from '../kernelspec/directories.ts';
import { installedSpecs } from '../kernelspec/install.ts';
import { kernelLanguages } from '../languages/info.ts';
import { BridgeError } from '../lib/errors.ts';
import { isLoopback } from '../lib/loopback.ts';
import { packageVersion } from '../lib/package-file.ts';
import { kernelHome, type Machine } from '../lib/paths.ts';
import { identify } from '../lib/process-identity.ts';
import { systemClock } from '../lib/time.ts';
import { createSession } from '../session/session.ts';
import { askWorkspace } from '../workspace/control.ts';
import { findPython } from '../workspace/driver/python-probe.ts';
import { findRuntime } from '../workspace/driver/runtime.ts';
import { refuseWindows } from '../workspace/locate.ts';
import { readState } from '../workspace/state-file.ts';
import { createConnectHost, type HostConnection } from './connect.ts';
import type { Interrupts } from './interruptible.ts';

/** What one look came to. */
export interface Check {
  readonly section: 'Program' | 'Settings' | 'Workspace' | 'Kernels' | 'Spark on this machine';
  readonly name: string;
  /** `open`: neither fine nor wrong, such as a cluster that is stopped. */
  readonly state: 'fine' | 'open' | 'failed';
  /** A sentence without a full stop, or a value. */
  readonly text: string;
  /** The setting that the value comes from. */
  readonly origin?: string;
  /** What to do. */
  readonly remedy?: string;
  /** It failed because of a setting. */
  readonly wrongSetting?: boolean;
}

export interface Patient {
  readonly machine: Machine;
  readonly pid: number;
  readonly nodeVersion: string;
  readonly flags: NonNullable<SettingsSources['flags']>;
  readonly interrupts: Interrupts;
  /** Told what is looked at now. */
  onLook(text: string): void;
}

/** Looks at everything that a cell needs, in the order in which it needs it. Starts nothing, and leaves nothing behind. */
export async function* examine(patient: Patient): AsyncGenerator<Check> {
  const { machine, interrupts } = patient;
  yield { section: 'Program', name: 'Version', state: 'fine', text: `${packageVersion}, Node ${patient.nodeVersion}, ${machine.platform}` };
  yield fromVariable(machine, 'DATABRICKS_KERNEL_HOME', 'Home', kernelHome(machine));
  const { settings, network } = yield* examineSettings(patient);
  if (settings !== undefined && network !== undefined && !interrupts.interrupted.aborted) yield* examineWorkspace(patient, settings, network);
  if (interrupts.interrupted.aborted) return;
  yield* examineKernels(machine);
  yield* examineRuntime(patient, settings?.kind === 'embedded');
}

function fromVariable({ env }: Machine, name: string, shown: string, text: string): Check {
  return { section: 'Program', name: shown, state: 'fine', text, ...(env[name] ? { origin: name } : {}) };
}

/** A check that ended with an error; its sentence names cause and next step. What is no error of ours is thrown on. */
function failed(section: Check['section'], name: string, error: unknown): Check {
  if (!(error instanceof BridgeError) || error.is('internal')) throw error;
  return { section, name, state: 'failed', text: error.message.replace(/\.$/, ''), wrongSetting: error.is('config') };
}

async function* examineSettings({ machine, flags }: Patient): AsyncGenerator<Check, { settings?: Settings; network?: NetworkSettings }> {
  const section = 'Settings';
  const value = (name: string, text: string, origin?: string): Check => ({ section, name, state: 'fine', text, ...(origin !== undefined && { origin }) });
  let settings: Settings | undefined;
  try {
    settings = readSettings({ ...machine, flags });
  } catch (error) {
    yield failed(section, 'Workspace', error);
  }
  if (settings?.kind === 'embedded') {
    yield value('Workspace', 'the embedded one: Apache Spark on this machine', settings.origin);
    if (settings.clusterId !== undefined) yield value('Cluster', settings.clusterId.value, settings.clusterId.origin);
  } else if (settings !== undefined) {
    const { host, logins, clusterId, workspaceId, profile } = settings;
    yield value('Workspace', host.value.origin, host.origin);
    if (host.value.protocol === 'http:' && !isLoopback(host.value.hostname)) {
      yield { section, name: 'Encryption', state: 'open', text: 'none: whoever is on the way reads the login and the data', remedy: `write https:// in ${host.origin}, if the workspace answers there` };
    }
    if (profile !== undefined) yield value('Profile', profile.value, profile.origin);
    const [login, ...others] = logins.candidates;
    if (login !== undefined && others.length === 0 && logins.passedOver.length === 0) yield value('Login', login.type, login.origin);
    else yield { section, name: 'Login', state: 'open', text: `none is set, so that what this machine has is tried: ${logins.candidates.map(({ type }) => type).join(', ')}` };
    if (clusterId !== undefined) yield value('Cluster', clusterId.value, clusterId.origin);
    else {
      const remedy = 'set DATABRICKS_CLUSTER_ID, or cluster_id in the profile; "databricks-kernel clusters list" shows which there are';
      yield { section, name: 'Cluster', state: 'failed', text: 'none is chosen, and kernels need one', remedy, wrongSetting: true };
    }
    if (workspaceId !== undefined) yield value('Workspace id', workspaceId.value, workspaceId.origin);
  }
  let network: NetworkSettings | undefined;
  try {
    network = readNetworkSettings(machine.env);
    for (const proxy of new Set([network.httpsProxy, network.httpProxy])) if (proxy !== undefined) yield value('Proxy', proxy.value.url.host, proxy.origin);
    if (network.noProxy !== undefined) yield value('No proxy for', network.noProxy.value, network.noProxy.origin);
  } catch (error) {
    yield failed(section, 'Proxy', error);
  }
  const certificates = ['NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'];
  try {
    trustedCertificates(network?.caFiles ?? []);
    for (const file of new Set(certificates.map((name) => machine.env[name]))) {
      if (file) yield value('Certificates', file, certificates.filter((name) => machine.env[name] === file).join(', '));
    }
  } catch (error) {
    yield failed(section, 'Certificates', error);
    network = undefined;
  }
  if (machine.env['DATABRICKS_KERNEL_LOG']) yield value('Log', machine.env['DATABRICKS_KERNEL_LOG'], 'DATABRICKS_KERNEL_LOG');
  return { ...(settings && { settings }), ...(network && { network }) };
}

async function* examineWorkspace(patient: Patient, settings: Settings, network: NetworkSettings): AsyncGenerator<Check> {
  const host = settings.kind === 'embedded' ? await lookAtEmbedded(patient) : await lookAtHost(patient, settings.host, network);
  yield host;
  if (host.state !== 'fine') return;
  const { interrupted: signal } = patient.interrupts;
  const connection = await createConnectHost(patient.flags, (failure) => failure && patient.onLook(`Trying again: ${failure.message}`))({ onStage: ({ text }) => patient.onLook(text), signal });
  try {
    patient.onLook('Logging in');
    const login = await lookAtLogin(connection);
    yield login.check;
    if (login.check.state !== 'fine' || connection.defaultCluster === undefined || signal.aborted) return;
    const cluster = login.cluster ?? (await lookUp(connection, connection.defaultCluster));
    const check = clusterCheck(cluster, connection.defaultCluster, connection.embedded);
    yield check;
    if (check.state === 'fine' && !signal.aborted) yield await lookAtContext(patient, connection, connection.defaultCluster);
  } finally {
    // The session has closed it already, where there was one.
    await connection.client.destroy();
  }
}

/** DNS, proxy and certificate: whether anything at all answers. */
async function lookAtHost({ onLook, interrupts }: Patient, { value: url, origin }: Setting<URL>, settings: NetworkSettings): Promise<Check> {
  const section = 'Workspace';
  const name = 'Host';
  onLook(`Asking ${url.host}`);
  const network = createNetwork(settings, hostMs);
  const begun = systemClock.now();
  const giveUp = (): void => void network.destroy();
  interrupts.interrupted.addEventListener('abort', giveUp, { once: true });
  try {
    const exchange = await network.exchange(url, { method: 'GET', path: '/', headers: { accept: '*/*' } });
    if (interrupts.interrupted.aborted) return { section, name, state: 'open', text: 'was not tried to the end' };
    if ('failure' in exchange) throw networkError(exchange, 'a first request', hostMs, { host: url.origin, hostOrigin: origin, credentialsOrigin: origin });
    const proxy = proxyFor(url, settings);
    const by = proxy === undefined ? '' : `, by the proxy ${proxy.value.url.host} (${proxy.origin})`;
    return { section, name, state: 'fine', text: `answers in ${Math.round(systemClock.now() - begun)} ms${by}` };
  } catch (error) {
    return failed(section, name, error);
  } finally {
    interrupts.interrupted.removeEventListener('abort', giveUp);
    await network.destroy();
  }
}

/** For a host that is there. Milliseconds. */
const hostMs = 10_000;

async function lookAtEmbedded({ machine, onLook }: Patient): Promise<Check> {
  const section = 'Workspace';
  const name = 'Embedded';
  try {
    refuseWindows(machine.platform);
  } catch (error) {
    return failed(section, name, error);
  }
  onLook('Asking the embedded workspace');
  const state = await readState(kernelHome(machine));
  const info = state && (await askWorkspace(state));
  if (state === undefined || info === undefined) {
    return { section, name, state: 'open', text: 'does not run', remedy: 'the first kernel starts it, or you do: databricks-kernel workspace start' };
  }
  const text = `answers at ${state.url}, version ${info.version}, ${info.dialect} dialect, since ${state.started}`;
  if (info.version === packageVersion) return { section, name, state: 'fine', text };
  return { section, name, state: 'open', text: `${text}, which is not this version`, remedy: 'the next kernel replaces it when it is not used, or you do: databricks-kernel workspace stop' };
}

/** Gets the login, and has the workspace accept it, by the cheapest question that there is. */
async function lookAtLogin(connection: HostConnection): Promise<{ readonly check: Check; readonly cluster?: Cluster | BridgeError }> {
  const section = 'Workspace';
  const name = 'Login';
  try {
    const { type, origin } = await connection.credentials.login();
    const fine: Check = { section, name, state: 'fine', text: `${type} is accepted`, origin };
    if (connection.defaultCluster === undefined) {
      await connection.client.clusters.list();
      return { check: fine };
    }
    const cluster = await lookUp(connection, connection.defaultCluster);
    // Any other refusal comes from behind the door.
    if (cluster instanceof BridgeError && (!cluster.is('api') || refusesLogin(cluster))) throw cluster;
    return { check: fine, cluster };
  } catch (error) {
    return { check: failed(section, name, error) };
  }
}

async function lookUp({ client }: HostConnection, { value }: NonNullable<HostConnection['defaultCluster']>): Promise<Cluster | BridgeError> {
  try {
    return await client.clusters.get(value);
  } catch (error) {
    return BridgeError.from(error);
  }
}

function clusterCheck(cluster: Cluster | BridgeError, { value: id, origin }: Setting<string>, embedded: boolean): Check {
  const section = 'Workspace';
  const name = 'Cluster';
  if (cluster instanceof BridgeError) {
    const check = failed(section, name, cluster);
    // What its user may not see says nothing of its id; the sentence names the login.
    if (cluster.is('api') && cluster.details.status === 403) return check;
    return { ...check, remedy: `check ${origin}; "databricks-kernel clusters list" shows which there are` };
  }
  const shown = cluster.name === '' || cluster.name === id ? id : `${cluster.name} (${id})`;
  const why = cluster.message === '' ? '' : `: ${cluster.message.replace(/\.$/, '')}`;
  const text = (words: string): string => `${shown} ${words}${why}`;
  switch (cluster.status) {
    case 'Running':
    case 'Reconfiguring':
      return { section, name, state: 'fine', text: text('runs') };
    case 'Pending':
      return { section, name, state: 'open', text: text('is starting'), remedy: 'look again when it runs' };
    case 'Terminating':
    case 'Terminated': {
      const remedy = `the first cell starts it${embedded ? '' : ', which costs money'}, or you do: databricks-kernel clusters start ${id}`;
      return { section, name, state: 'open', text: text('is stopped'), remedy };
    }
    case 'Error': {
      const state = 'is in state Error';
      // There a context that is made starts its cluster whatever became of it before.
      if (embedded) return { section, name, state: 'open', text: text(state), remedy: `the next cell starts it, or you do: databricks-kernel clusters start ${id}` };
      return { section, name, state: 'failed', text: text(state), remedy: `start it: databricks-kernel clusters start ${id}` };
    }
    case 'Unknown':
      return { section, name, state: 'failed', text: text('is in state Unknown'), remedy: `restart it: databricks-kernel clusters restart ${id}` };
  }
}

/** Runs a command in a context of its own, which is gone afterwards. */
async function lookAtContext(patient: Patient, connection: HostConnection, cluster: NonNullable<HostConnection['defaultCluster']>): Promise<Check> {
  const section = 'Workspace';
  const name = 'Context';
  const { machine, pid, interrupts, onLook } = patient;
  const { client, describe, embedded } = connection;
  const session = createSession({
    language: trial.language,
    connect: async () => ({ client, clusterId: cluster.value, clusterOrigin: cluster.origin, describe: { ...describe, cluster: cluster.value }, embedded }),
    home: kernelHome(machine),
    identity: (await identify(pid)) ?? '',
  });
  const begun = systemClock.now();
  try {
    onLook('Running a command');
    const onStage = (stage?: { readonly text: string }): void => onLook(stage?.text ?? 'Running a command');
    const end = await session.run(trial.code, trial.language, { ...interrupts, mayStartCluster: false, onStage });
    if (end.end !== 'result') return { section, name, state: 'open', text: 'was not tried to the end' };
    const { result } = end;
    if (result.kind === 'text' && result.text.trim() === trial.prints) {
      return { section, name, state: 'fine', text: `was opened and ran a command, in ${((systemClock.now() - begun) / 1000).toFixed(1)} s` };
    }
    const words = result.kind === 'error' ? result.summary || result.cause : `the answer was ${result.kind}`;
    return { section, name, state: 'failed', text: `ran a command, but it failed: ${words.split('\n').filter((line) => line.trim() !== '').at(-1) ?? ''}` };
  } catch (error) {
    if (interrupts.interrupted.aborted) return { section, name, state: 'open', text: 'was not tried to the end' };
    return failed(section, name, error);
  } finally {
    await session.close(closeMs);
  }
}

/** For how long the end of a context is waited for. Milliseconds. */
const closeMs = 10_000;

async function* examineKernels(machine: Machine): AsyncGenerator<Check> {
  const section = 'Kernels';
  const environment = activeEnvironment(machine) === undefined ? [] : [kernelsDirectory({ of: 'environment' }, machine)];
  const usual = kernelsDirectory({ of: 'user' }, machine);
  const specs = await installedSpecs([usual, ...environment], kernelHome(machine));
  if (specs.length === 0) yield { section, name: 'Jupyter', state: 'open', text: 'no kernels are installed', remedy: 'databricks-kernel install' };
  const plain = Object.values(kernelLanguages).map(({ kernelName }) => join(usual, kernelName));
  for (const { directory, displayName, programs, env } of specs) {
    const gone: string[] = [];
    for (const program of programs) await access(program).catch(() => gone.push(program));
    if (gone.length === 0) yield { section, name: displayName, state: 'fine', text: directory };
    else {
      const isPlain = plain.includes(directory) && Object.keys(env).length === 0;
      const remedy = isPlain ? 'databricks-kernel install' : 'install it again with the options it was installed with (--name, --profile, --prefix …)';
      yield { section, name: displayName, state: 'failed', text: `${directory} starts ${gone.join(' and ')}, which is gone`, remedy };
    }
  }
}

/** What the embedded workspace runs on; matters only where that is meant. */
async function* examineRuntime({ machine, pid, onLook }: Patient, isMeant: boolean): AsyncGenerator<Check> {
  const section = 'Spark on this machine';
  if (machine.platform === 'win32') return;
  onLook('Looking for Python, Java and Spark');
  const { DATABRICKS_KERNEL_PYTHON: python, DATABRICKS_KERNEL_JAVA: chosenJava } = machine.env;
  try {
    const runtime = await findRuntime({ machine, pid, home: kernelHome(machine), python, java: chosenJava, onProgress: () => undefined });
    if (runtime !== undefined) {
      const origin = (name: string): { origin?: string } => (machine.env[name] ? { origin: name } : {});
      yield { section, name: 'Python', state: 'fine', text: runtime.python, ...origin('DATABRICKS_KERNEL_PYTHON') };
      const java: Check = { section, name: 'Java', state: 'fine', text: runtime.java, ...origin('DATABRICKS_KERNEL_JAVA') };
      const isThere = await access(runtime.java).then(() => true, () => false);
      yield isThere ? java : { ...java, state: isMeant ? 'failed' : 'open', text: `${runtime.java} is not there`, remedy: 'correct or remove DATABRICKS_KERNEL_JAVA', wrongSetting: true };
      yield { section, name: 'Spark', state: 'fine', text: `${await sparkVersion(runtime.sparkHome)} in ${runtime.sparkHome}` };
      return;
    }
    const found = await findPython(machine);
    yield { section, name: 'Python', state: 'open', text: `Spark is not installed yet; ${found} will do for it`, remedy: 'the first start of the embedded workspace installs it (about 1 GB, once): databricks-kernel workspace start' };
  } catch (error) {
    const check = failed(section, 'Python', error);
    yield isMeant ? check : { section, name: check.name, state: 'open', text: check.text };
  }
}

/** By the name of the library that every Spark has. */
async function sparkVersion(sparkHome: string): Promise<string> {
  const jars = await readdir(join(sparkHome, 'jars'));
  return jars.map((jar) => /^spark-core_[\d.]+-(.+)\.jar$/.exec(jar)?.[1]).find((version) => version !== undefined) ?? 'of unknown version';
}
