/** JSON as TypeScript sees it. `bigint` stands for an integer beyond 2^53 that must stay exact. */
export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };
