import { BridgeError } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/json.ts';
import { Secret } from '../../lib/secret.ts';

/** A token that is valid for a while. */
export interface Token {
  readonly value: Secret;
  /** Milliseconds since 1970; `undefined` where whoever gave it does not say. */
  readonly expiresAt: number | undefined;
}

/** Gets a token. `renewal`: one that was got before is refused or ends soon, so that one from a cache is of no use. */
export type AskToken = (renewal: boolean) => Promise<Token>;

/** Azure refuses tokens that have less than half a minute left (the vendor's SDKs). One that has less when it comes serves for half of that. */
const marginMs = 40_000;
/** A token is renewed in the last half of its time, but not sooner than this before its end (the vendor's SDKs). */
const longestStaleMs = 20 * 60_000;
/** After a renewal ahead of time that failed. */
const againMs = 60_000;

/**
 * Keeps a token until it ends: renews it ahead of time while the old one still serves, and asks once however many wait for the answer.
 * @param now milliseconds since 1970
 */
export function keepToken(ask: AskToken, now: () => number, firstIsRenewal = false): () => Promise<Token> {
  let kept: { readonly token: Token; staleAt: number; readonly endsAt: number } | undefined;
  let asking: Promise<Token> | undefined;

  async function renew(): Promise<Token> {
    try {
      const token = await ask(firstIsRenewal || kept !== undefined);
      const left = token.expiresAt === undefined ? Infinity : token.expiresAt - now();
      kept = { token, staleAt: now() + left - Math.min(left / 2, longestStaleMs), endsAt: now() + left - Math.min(left / 2, marginMs) };
      return token;
    } catch (error) {
      if (kept !== undefined) kept.staleAt = now() + againMs;
      throw error;
    } finally {
      asking = undefined;
    }
  }

  return async () => {
    if (kept !== undefined && now() < kept.staleAt && now() < kept.endsAt) return kept.token;
    asking ??= renew();
    if (kept === undefined || now() >= kept.endsAt) return asking;
    // The old one serves until its end; if the renewal fails then too, the request that needs it meets the error.
    asking.catch(() => undefined);
    return kept.token;
  };
}

/** A token that goes into a header as it is. Throws `BridgeError` `config` with `whose` and `setting` for anything else. */
export function readTokenText(value: JsonValue | undefined, whose: string, setting: string): Secret {
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return new Secret(value);
  throw new BridgeError('config', `${whose} answered without a token that can be used.`, { setting });
}
