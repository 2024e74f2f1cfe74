import { identify } from '../../src/lib/process-identity.ts';

/** This process, as the journal names it. */
export const identity = (await identify(process.pid)) ?? '';

/** Names a process that has ended. */
export const deadIdentity = identity.replace(/^\d+/, '999999999');

/** Names a process of another container on this machine: whether it lives cannot be told. */
export const foreignIdentity = deadIdentity.replace(/ \S* /, ' pid:[1] ');
