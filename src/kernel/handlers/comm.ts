import type { Handler } from '../dispatch.ts';

/** No comm targets are registered, so the specification's answer to an unknown one is given: it is closed again. */
export const commOpen: Handler<'comm_open'> = (exchange) => {
  exchange.publish('comm_close', { comm_id: exchange.request.content.comm_id, data: {} });
};

/** Messages to a comm that does not exist are ignored. */
export const commMsg: Handler<'comm_msg'> = () => {};
export const commClose: Handler<'comm_close'> = () => {};

export const commInfo: Handler<'comm_info_request'> = () => ({ status: 'ok', comms: {} });
