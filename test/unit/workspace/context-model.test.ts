import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScriptedWorkspace } from '../../support/scripted-workspace.ts';

const codes = ['echo x', 'hang', 'stubborn', 'throw', 'die'] as const;

/** One request of a client; `of` picks a context or command made before. */
const step = fc.oneof(
  fc.record({ do: fc.constant('create' as const) }),
  fc.record({ do: fc.constant('execute' as const), of: fc.nat(), code: fc.constantFrom(...codes) }),
  fc.record({ do: fc.constant('cancel' as const), of: fc.nat() }),
  fc.record({ do: fc.constant('status' as const), of: fc.nat() }),
  fc.record({ do: fc.constant('destroy' as const), of: fc.nat() }),
  fc.record({ do: fc.constant('settle' as const) }),
);

interface SentCommand {
  readonly context: string;
  readonly id: string;
  /** Unique, so that what the drivers ran can be told apart. */
  readonly code: string;
  ends: number;
}

test.for(['classic', 'modern'] as const)('whatever clients do (%s): nothing runs twice or out of turn, and every end is told once', async (dialect) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      await using server = new ScriptedWorkspace(dialect);
      const contexts: string[] = [await server.createContext()];
      const destroyed = new Set<string>();
      const commands: SentCommand[] = [];

      const look = async (command: SentCommand): Promise<boolean> => {
        const answer = await server.status(command.context, command.id);
        const { status, error } = answer.body as { status?: string; error?: string };
        const ended = status === 'Finished' || status === 'Cancelled' || status === 'Error';
        if (ended) command.ends++;
        // An answer is a state, or a refusal that fits what happened before.
        if (error === 'ContextNotFound') expect(destroyed).toContain(command.context);
        else if (error !== undefined) expect([error, command.ends]).toEqual([`NoSuchElementException: key not found: ${command.id}`, 1]);
        return ended || error !== undefined;
      };

      for (const [at, now] of steps.entries()) {
        const context = 'of' in now ? contexts[now.of % contexts.length] : undefined;
        const command = 'of' in now ? commands[now.of % commands.length] : undefined;
        if (now.do === 'create') contexts.push(await server.createContext());
        if (now.do === 'settle') await new Promise((resolve) => setImmediate(resolve));
        if (now.do === 'execute' && context !== undefined) {
          // `echo x 7`, `hang 7`: the script ignores what follows its word.
          const code = `${now.code} ${at}`;
          const data = { language: 'scala', clusterId: server.clusterId, contextId: context, command: code };
          const { status, body } = await server.post('/api/1.2/commands/execute', data);
          if (status === 200) commands.push({ context, id: (body as { id: string }).id, code, ends: 0 });
        }
        if (now.do === 'cancel' && command !== undefined) await server.cancel(command.context, command.id);
        if (now.do === 'status' && command !== undefined) await look(command);
        if (now.do === 'destroy' && context !== undefined) {
          await server.post('/api/1.2/contexts/destroy', { clusterId: server.clusterId, contextId: context });
          destroyed.add(context);
        }
      }

      // Whatever is still going on ends when it is cancelled.
      for (const command of commands) {
        for (let turn = 0; !(await look(command)); turn++) {
          expect(turn).toBeLessThan(100);
          await server.cancel(command.context, command.id);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(command.ends).toBe(destroyed.has(command.context) ? Math.min(command.ends, 1) : 1);
      }

      const ran = server.drivers.flatMap((driver) => driver.executed);
      expect(new Set(ran).size).toBe(ran.length);
      for (const context of contexts) {
        const sent = commands.filter((command) => command.context === context).map(({ code }) => code);
        const ranHere = ran.filter((code) => sent.includes(code));
        expect(ranHere).toEqual(sent.filter((code) => ranHere.includes(code)));
      }
    }),
    { numRuns: 150 },
  );
});
