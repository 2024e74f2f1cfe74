import { constants } from 'node:os';
import { report } from './report.ts';

/** Why this process ends. */
export type StopReason =
  | { readonly by: 'shutdown' }
  | { readonly by: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' }
  /** Whoever started this process is gone, and with it all who could ever use it. */
  | { readonly by: 'parent' }
  /** Something was thrown that nobody caught. */
  | { readonly by: 'defect'; readonly error: unknown };

export interface LifecycleOptions {
  /** Closes everything, sockets and worker threads included; the process exits when this settles. Called once. */
  onStop(reason: StopReason): Promise<void>;
  /** What Ctrl-C (SIGINT) does instead of ending the process. */
  onInterrupt?(): void;
  /** The process ends this long after it was told to, whatever `onStop` still waits for. Milliseconds. */
  readonly forceAfterMs: number;
}

export interface Lifecycle {
  /** Ends the process; further calls, and signals that follow, are ignored. */
  stop(reason: StopReason): void;
}

const parentPollMs = 1000;

/**
 * Ends this process when it is told to, and when nobody is left to use it.
 * Exit codes: 0 after a shutdown or the parent's death, 1 after a defect, 128 + n after signal n.
 */
export function watchLifecycle({ onStop, onInterrupt, forceAfterMs }: LifecycleOptions): Lifecycle {
  let stopping = false;
  const stop = (reason: StopReason): void => {
    if (stopping) return;
    stopping = true;
    clearInterval(parentWatch);
    const code = exitCode(reason);
    setTimeout(() => process.exit(code), forceAfterMs).unref();
    if (reason.by === 'defect') report(reason.error);
    onStop(reason)
      .catch(report)
      .finally(() => process.exit(code));
  };
  const parentIsAlive = watchedParent();
  const parentWatch = setInterval(() => {
    if (!parentIsAlive()) stop({ by: 'parent' });
  }, parentPollMs).unref();
  process.on('SIGINT', () => (onInterrupt && !stopping ? onInterrupt() : stop({ by: 'signal', signal: 'SIGINT' })));
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop({ by: 'signal', signal }));
  // An unhandled rejection arrives here, too.
  process.on('uncaughtException', (error) => stop({ by: 'defect', error }));
  return { stop };
}

function exitCode(reason: StopReason): number {
  if (reason.by === 'signal') return 128 + constants.signals[reason.signal];
  return reason.by === 'defect' ? 1 : 0;
}

/**
 * Tells whether those who started this process still live: the parent, and the front end named in `JPY_PARENT_PID` where a wrapper
 * stands between the two. An orphan's parent is another process (init, or a subreaper); on Windows, where that never changes, and for the
 * front end, the pid itself is asked. There `JPY_PARENT_PID` is a handle and says nothing.
 */
function watchedParent(): () => boolean {
  const parent = process.ppid;
  const windows = process.platform === 'win32';
  const frontEnd = windows ? 0 : Number(process.env['JPY_PARENT_PID'] ?? 0);
  const watchesFrontEnd = frontEnd > 1 && frontEnd !== parent && exists(frontEnd);
  const isOrphan = frontEnd > 1 && parent <= 1 && !watchesFrontEnd;
  return () => {
    // Who was started by init itself, in a container, has nobody to outlive; an orphan's front end died while it started.
    const parentLives = !isOrphan && (parent <= 1 || (windows ? exists(parent) : process.ppid === parent));
    return parentLives && (!watchesFrontEnd || exists(frontEnd));
  };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
