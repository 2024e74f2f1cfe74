/** JSON text that is put into an answer as it stands: rows of tables come from the driver as text and are never parsed here. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object whose values are JSON values or `JsonText`; members that are `undefined` are left out. */
export function jsonObject(members: Readonly<Record<string, unknown>>): JsonText {
  const parts = Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}:${value instanceof JsonText ? value.text : JSON.stringify(value)}`);
  return new JsonText(`{${parts.join(',')}}`);
}
