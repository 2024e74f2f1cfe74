// A table of mixed types as today's servers send it, as JSON.

const words = ['Ankara', 'Zürich', 'São Paulo', 'Kraków', 'New York', '東京', 'Nairobi', 'A & B <Ltd>', 'Reykjavík', 'Lagos'];

/** Types with what their values look like on the wire, by row and column. @type {readonly (readonly [type: string, value: (row: number, column: number) => unknown])[]} */
const kinds = [
  ['integer', (r, c) => r * 7 + c],
  ['double', (r, c) => (r * 131 + c * 17) / 7],
  ['string', (r, c) => `${words[(r + c) % words.length]} ${r}`],
  ['date', (r, c) => new Date(Date.UTC(2000, 0, 1 + ((r + c) % 9000))).toISOString().slice(0, 10)],
  ['decimal(12,2)', (r, c) => `${r * 13 + c}.${String(r % 100).padStart(2, '0')}`],
  ['string', (r, c) => ((r + c) % 3 === 0 ? null : words[r % words.length])],
];

/** The whole answer of `commands/status`. @param {number} rows @param {number} columns @returns {string} */
export function tableAnswer(rows, columns) {
  return `{"id":"command","status":"Finished","results":${tableResults(rows, columns)}}`;
}

/** The `results` in it. @param {number} rows @param {number} columns @returns {string} */
export function tableResults(rows, columns) {
  const shape = Array.from({ length: columns }, (_, c) => /** @type {typeof kinds[number]} */ (kinds[c % kinds.length]));
  const schema = shape.map(([type], c) => ({ name: `column ${c + 1}`, type: JSON.stringify(type), metadata: '{}' }));
  const data = Array.from({ length: rows }, (_, r) => shape.map(([, value], c) => value(r, c)));
  return JSON.stringify({ resultType: 'table', data, schema, truncated: false, isJsonSchema: true });
}
