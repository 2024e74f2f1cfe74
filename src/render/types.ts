import type { SparkType } from '../databricks/types.ts';

/** A Spark type in words, as `DESCRIBE` writes it: `array<int>`, `struct<a:string>`. */
export function typeInWords(type: SparkType): string {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'array':
      return `array<${typeInWords(type.elementType)}>`;
    case 'map':
      return `map<${typeInWords(type.keyType)},${typeInWords(type.valueType)}>`;
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}:${typeInWords(field.type)}`).join(',')}>`;
  }
}

/** What a front end does with a column: numbers stand at the right. */
export type Family = 'integer' | 'real' | 'decimal' | 'boolean' | 'text' | 'nested';

// Spark's JSON names, Hive's and SQL's spellings: servers differ.
const families: readonly (readonly [RegExp, Family])[] = [
  [/^(?:byte|tinyint|short|smallint|int|integer|long|bigint)$/i, 'integer'],
  [/^(?:float|real|double(?: precision)?)$/i, 'real'],
  [/^(?:decimal|dec|numeric)\b/i, 'decimal'],
  [/^bool(?:ean)?$/i, 'boolean'],
];

/** The family of a column's type; what is not known is text. */
export function familyOf(type: SparkType): Family {
  if (typeof type !== 'string') return 'nested';
  return families.find(([pattern]) => pattern.test(type))?.[1] ?? 'text';
}

/** Whether values of this type stand at the right of their column. */
export function isNumeric(type: SparkType): boolean {
  return ['integer', 'real', 'decimal'].includes(familyOf(type));
}
