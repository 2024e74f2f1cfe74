import type { FastifyReply, FastifyRequest } from 'fastify';
import { systemClock } from '../lib/time.ts';
import { ApiError } from './api-error.ts';
import { apiVersion } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import type { FaultRule } from './fault-rules.ts';

/** A call whose answer is to go wrong. */
export interface Spoilt {
  readonly dialect: Dialect;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** What the API has answered; '' where it was not asked. */
  readonly answer: string;
}

const json = 'application/json; charset=utf-8';

/** Answers in the place of the API, past the web server: nothing, too little, or something else. */
export async function spoil({ kind, pauseMs = 1000, retryAfter }: FaultRule, { dialect, request, reply, answer }: Spoilt): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  const bytes = Buffer.from(answer);
  const instead = (status: number, type: string, text: string, more = {}) => {
    raw.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...more }).end(text);
  };
  const refuse = (status: number, className: string, more = {}) => {
    const { body } = new ApiError(status, className, 'an injected fault').answer(apiVersion(dialect, request.url));
    instead(status, json, JSON.stringify(body), more);
  };
  const begin = () => raw.writeHead(reply.statusCode, { 'content-type': json, 'content-length': bytes.length });
  switch (kind) {
    case 'timeout':
      return;
    case 'reset':
      request.raw.socket.resetAndDestroy();
      return;
    case 'half-body':
      begin().write(bytes.subarray(0, bytes.length / 2), () => request.raw.socket.destroy());
      return;
    case 'slow-body':
      begin();
      for (const part of [0, 1, 2, 3]) {
        if (part > 0) await systemClock.sleep(pauseMs);
        if (raw.destroyed) return;
        raw.write(bytes.subarray((bytes.length * part) / 4, (bytes.length * (part + 1)) / 4));
      }
      raw.end();
      return;
    case 'wrong-json':
      return instead(200, json, '{"unexpected":[1,2,3]}');
    case 'html':
      return instead(200, 'text/html; charset=utf-8', '<!DOCTYPE html><html><head><title>Sign in</title></head></html>');
    case '401':
      return refuse(401, 'Unauthorized');
    case '404':
      return refuse(404, 'No such endpoint');
    case '429':
      return refuse(429, 'TooManyRequests', waitFor(retryAfter));
    case '500':
      return refuse(500, 'RuntimeException');
    case '503':
      return refuse(503, 'ServiceUnavailable', waitFor(retryAfter));
    case 'driver-killed':
    case 'out-of-memory':
    case 'context-vanished':
      throw new Error(`${kind} lets the call go on, and spoils no answer.`);
  }
}

function waitFor(retryAfter: number | undefined): Readonly<Record<string, string>> {
  return retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
}
