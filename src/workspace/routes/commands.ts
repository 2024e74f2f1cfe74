import type { FastifyInstance } from 'fastify';
import { illegalArgument } from '../api-error.ts';
import { maxCommandBytes, parametersOf } from '../bodies.ts';
import type { Parameters } from '../parameters.ts';
import type { Context } from '../context.ts';
import type { Dialect } from '../dialect.ts';
import type { Workspace } from '../workspace.ts';

/** Command execution of API 1.2. */
export function commandRoutes(server: FastifyInstance, workspace: Workspace, dialect: Dialect): void {
  const contextOf = (parameters: Parameters): Context => {
    return workspace.cluster(parameters.get('clusterId')).context(parameters.id('contextId'));
  };

  server.post('/api/1.2/commands/execute', async (request) => {
    const parameters = await parametersOf(request);
    const language = parameters.get('language');
    const context = contextOf(parameters);
    const code = parameters.get('command');
    const bytes = Buffer.byteLength(code);
    if (bytes > maxCommandBytes) throw illegalArgument(`The command has ${bytes} bytes; at most ${maxCommandBytes} are allowed`);
    const { id } = context.execute(dialect.commandLanguage(context.language, language), code);
    return { id };
  });

  server.get('/api/1.2/commands/status', async (request, reply) => {
    const parameters = await parametersOf(request);
    const context = contextOf(parameters);
    const command = context.command(parameters.id('commandId'));
    const answer = dialect.commandStatus(command);
    if (command.state.phase === 'ended') context.forget(command);
    return reply.type('application/json; charset=utf-8').send(answer.text);
  });

  server.post('/api/1.2/commands/cancel', async (request) => {
    const parameters = await parametersOf(request);
    const command = contextOf(parameters).command(parameters.id('commandId'));
    await command.cancel();
    return { id: command.id };
  });
}
