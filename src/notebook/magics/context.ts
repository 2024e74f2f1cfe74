import type { ContextId } from '../../databricks/types.ts';
import { cellError } from '../../protocol/cell-error.ts';
import type { ContextInfo } from '../../session/api.ts';
import type { Magic } from './magic.ts';

export const context: Magic = {
  name: 'context',
  help: [
    '%context status  tells in which execution context cells run; %context attach ID takes up another one, with its variables.',
    'The context must live on the cluster of this notebook: "databricks-kernel contexts create" prints the id of a new one, %context status that of a kernel.',
    'A context that this kernel made is destroyed when the kernel ends or takes up another one. So is one that a killed kernel of yours left behind;',
    'all others stay as they are, and whoever made them ends them.',
  ].join('\n'),
  complete: () => ['status', 'attach'],
  run: async ({ args, body }, cell) => {
    const [action = 'status', id, ...more] = `${args} ${body}`.trim().split(/\s+/).filter((word) => word !== '');
    const print = (text: string): void => cell.output.emit({ type: 'stream', content: { name: 'stdout', text: `${text}\n` } });
    if (action === 'status' && id === undefined) {
      const current = await cell.contexts.current();
      if ('error' in current) return { status: 'error', error: current.error };
      print(current.context === undefined ? 'No execution context is open; the next cell opens one.' : describe(current.context));
      return { status: 'ok' };
    }
    if (action === 'attach' && id !== undefined && more.length === 0) {
      const end = await cell.contexts.attach(id as ContextId);
      if ('error' in end) return { status: 'error', error: end.error };
      print(describe(end.context));
      return { status: 'ok' };
    }
    return { status: 'error', error: cellError('UsageError', 'Write %context status or %context attach ID.') };
  },
};

function describe({ id, cluster, host, status, owned }: ContextInfo): string {
  const end = owned ? 'It is destroyed when this kernel ends.' : 'It was not made by this kernel, which leaves it as it is at its end.';
  return `Cells run in execution context ${id} on cluster ${cluster} at ${host} (${status}). ${end}`;
}
