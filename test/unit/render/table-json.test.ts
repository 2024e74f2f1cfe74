import { expect, test } from 'vitest';
import { tableToJson } from '../../../src/render/table-json.ts';
import { table } from './tables.ts';

test('a table as data has a record a row, distinct field names and exact integers', () => {
  const json = tableToJson(
    table([['id', 'long'], ['id', 'string'], ['', { type: 'array', elementType: 'double' }]], [[9223372036854775807n, null, [1, NaN]], [2, 'x', null]], true),
  );
  const data = [
    { id: '9223372036854775807', id_2: null, _3: [1, 'NaN'] },
    { id: 2, id_2: 'x', _3: null },
  ];
  expect(json['application/json']).toEqual(data);
  expect(json['application/vnd.dataresource+json']).toEqual({
    profile: 'tabular-data-resource',
    schema: {
      fields: [
        { name: 'id', type: 'integer', sparkType: 'long' },
        { name: 'id_2', type: 'string', sparkType: 'string' },
        { name: '_3', type: 'object', sparkType: 'array<double>' },
      ],
    },
    data,
    truncated: true,
  });
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
});
