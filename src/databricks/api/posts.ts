/**
 * Every POST that is sent, and whether it may be sent again when it may have arrived already.
 * `repeatable`: saying it twice does what saying it once does. `once`: it could run code twice, make two of what one was asked for, or
 * answer the second time that there is nothing to do it to.
 */
export const posts = {
  '/api/1.2/clusters/create': 'once',
  '/api/1.2/clusters/restart': 'once',
  '/api/1.2/clusters/resize': 'once',
  '/api/1.2/clusters/delete': 'once',
  '/api/1.2/contexts/create': 'once',
  // It echoes the id, whatever it is.
  '/api/1.2/contexts/destroy': 'repeatable',
  '/api/1.2/commands/execute': 'once',
  '/api/1.2/commands/cancel': 'repeatable',
  '/api/1.2/libraries/upload': 'once',
  '/api/1.2/libraries/delete': 'once',
  '/api/1.2/libraries/attach': 'once',
  '/api/1.2/libraries/detach': 'once',
  // What is installed already stays as it is, and what is not cannot be uninstalled, which "has no impact but is not an error".
  '/api/2.0/libraries/install': 'repeatable',
  '/api/2.0/libraries/uninstall': 'repeatable',
  '/api/2.0/clusters/create': 'once',
  '/api/2.0/clusters/start': 'repeatable',
  '/api/2.0/clusters/restart': 'once',
  '/api/2.0/clusters/resize': 'once',
  '/api/2.0/clusters/delete': 'repeatable',
  '/api/2.0/clusters/permanent-delete': 'once',
  // Only reads.
  '/api/2.0/clusters/events': 'repeatable',
} as const satisfies Readonly<Record<string, 'once' | 'repeatable'>>;

export type PostPath = keyof typeof posts;
