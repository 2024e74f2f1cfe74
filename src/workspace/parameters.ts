import { illegalArgument, keyNotFound, notANumber } from './api-error.ts';
import { boolean, int32, parseJson, texts } from './values.ts';

/** The parameters of a request, whatever their encoding: all are text; a nested JSON value is its JSON text. */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: Iterable<readonly [string, string]>) {
    this.#values = new Map(values);
  }

  /** @throws ApiError when it is missing. */
  get(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw keyNotFound(name);
    return value;
  }

  optional(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** A context or command id: a 64-bit integer in text. */
  id(name: string): string {
    const text = this.get(name);
    if (!/^-?\d+$/.test(text)) throw notANumber(text);
    return text;
  }

  /** A 32-bit integer. */
  integer(name: string): number {
    return int32(this.get(name));
  }

  optionalBoolean(name: string): boolean | undefined {
    const text = this.optional(name);
    return text === undefined ? undefined : boolean(text);
  }

  /** JSON text of an object whose values are scalars, as text each. */
  optionalTexts(name: string): Readonly<Record<string, string>> | undefined {
    const text = this.optional(name);
    return text === undefined ? undefined : texts(name, parseJson(text, () => illegalArgument(`${name} is not JSON`)));
  }
}
