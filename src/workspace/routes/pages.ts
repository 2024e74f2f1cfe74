import { illegalArgument } from '../api-error.ts';
import type { Fields } from '../fields.ts';

export interface PageTokens {
  readonly next_page_token: string;
  readonly prev_page_token: string;
}

/** The part of `all` that `page_size` and `page_token` ask for. Sizes beyond the limits are taken for the nearest allowed. */
export function pageOf<T>(all: readonly T[], fields: Fields, { size, max }: { readonly size: number; readonly max: number }): { items: readonly T[]; tokens: PageTokens } {
  const asked = fields.optionalInteger('page_size') ?? 0;
  if (asked < 0) throw illegalArgument(`page_size is ${asked}, but must not be negative`);
  const length = Math.min(asked || size, max);
  const from = placeOf(fields.optionalText('page_token') ?? '');
  const next = from + length < all.length ? tokenOf(from + length) : '';
  return { items: all.slice(from, from + length), tokens: { next_page_token: next, prev_page_token: from > 0 ? tokenOf(Math.max(0, from - length)) : '' } };
}

/** For the page that begins after so many items. Clients must not read it. */
export function tokenOf(offset: number): string {
  return Buffer.from(`from ${offset}`).toString('base64url');
}

function placeOf(token: string): number {
  if (token === '') return 0;
  const offset = /^from (\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (offset === undefined) throw illegalArgument('page_token is none that this server gave');
  return Number(offset);
}
