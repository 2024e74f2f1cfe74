import type { JsonObject, JsonValue } from '../lib/json.ts';

/** One piece of content in several forms, by MIME type. `text/plain` is there wherever a front end may be text only. */
export type MimeBundle = { readonly [mime: string]: JsonValue };

interface Displayed {
  readonly data: MimeBundle;
  readonly metadata: JsonObject;
  readonly transient?: { readonly display_id?: string };
}

/**
 * What a cell may publish while it runs, in the words of the messaging protocol ("Messages on the IOPub channel").
 * An error is not among them: a cell ends with it (`Outcome`).
 */
export type Output =
  | { readonly type: 'stream'; readonly content: { readonly name: 'stdout' | 'stderr'; readonly text: string } }
  | { readonly type: 'display_data'; readonly content: Displayed }
  | { readonly type: 'update_display_data'; readonly content: Displayed & { readonly transient: { readonly display_id: string } } }
  | { readonly type: 'execute_result'; readonly content: Displayed & { readonly execution_count: number } }
  | { readonly type: 'clear_output'; readonly content: { readonly wait: boolean } };
