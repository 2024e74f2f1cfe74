import { readFileSync, readdirSync } from 'node:fs';
import type { JsonObject } from '../../src/lib/json.ts';

/** One exchange of the API documents, as `test/fixtures/api/README.md` describes it. */
export interface ApiFixture {
  readonly name: string;
  /** The document's heading. */
  readonly section: string;
  readonly request: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly data: JsonObject;
    readonly files?: Readonly<Record<string, { readonly name: string; readonly text: string }>>;
  };
  readonly response: { readonly status: number; readonly body: unknown };
  readonly modern?: unknown;
  readonly curl?: readonly string[];
}

const folder = new URL('../fixtures/api/', import.meta.url);

export const apiFixtures: readonly ApiFixture[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ name: file.slice(0, -'.json'.length), ...JSON.parse(readFileSync(new URL(file, folder), 'utf8')) }));

export function apiFixture(name: string): ApiFixture {
  const fixture = apiFixtures.find((candidate) => candidate.name === name);
  if (fixture === undefined) throw new Error(`There is no ${name}.json in test/fixtures/api`);
  return fixture;
}
