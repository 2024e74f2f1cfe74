/** JSON as TypeScript sees it. `bigint` stands for an integer beyond 2^53 that must stay exact. */
export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

/** How deep JSON from outside may nest; as deep as the JVM's own readers go. Whatever walks through a value would run out of stack with more. */
export const deepestJson = 1000;

/** Integers with fewer digits are exact as numbers. */
const longInteger = 16;

/** What one look over JSON text tells, at each character once at most, before anything is made of it. */
export interface JsonSurvey {
  /** It nests deeper than `deepestJson`. */
  readonly isTooDeep: boolean;
  /** Integers of 16 digits or more stand in it, of which `JSON.parse` may lose some. */
  readonly hasLongIntegers: boolean;
}

export function surveyJson(text: string): JsonSurvey {
  let depth = 0;
  let hasLongIntegers = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    switch (code) {
      case 0x22:
        at = endOfString(text, at);
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > deepestJson) return { isTooDeep: true, hasLongIntegers };
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
      default:
        if (!isDigit(code)) break;
        const start = at;
        while (isDigit(text.charCodeAt(at + 1))) at++;
        // Not the digits behind a point.
        hasLongIntegers ||= at + 1 - start >= longInteger && text.charCodeAt(start - 1) !== 0x2e;
    }
  }
  return { isTooDeep: false, hasLongIntegers };
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether JSON text nests deeper than `deepestJson`. */
export function isTooDeep(text: string): boolean {
  // A level takes two characters at least.
  return text.length > 2 * deepestJson && surveyJson(text).isTooDeep;
}

/** The place of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
