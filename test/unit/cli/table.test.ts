import { expect, test } from 'vitest';
import { formatTable } from '../../../src/cli/table.ts';

interface Row {
  readonly id: string;
  readonly count?: number;
  readonly name: string;
}
const columns = [
  { title: 'ID', value: (row: Row) => row.id },
  { title: 'COUNT', value: (row: Row) => row.count },
  { title: 'NAME', value: (row: Row) => row.name },
];

test('columns are aligned by what a terminal shows, numbers at the right, without lines and trailing blanks', () => {
  const rows: readonly Row[] = [
    { id: 'a', count: 1, name: 'short' },
    { id: '漢字', count: 1000, name: '' },
    { id: '0123-456789-abc', count: 20, name: '🎉 party' },
  ];
  expect(formatTable(rows, columns)).toBe(
    ['ID               COUNT  NAME', 'a                    1  short', '漢字              1000', '0123-456789-abc     20  🎉 party'].join('\n'),
  );
});

test('a column with a value missing is no column of numbers', () => {
  expect(formatTable([{ id: 'a', name: 'x' }, { id: 'b', count: 5, name: 'y' }], columns)).toBe('ID  COUNT  NAME\na          x\nb   5      y');
});

test('a cell is one line, and holds nothing that moves the cursor or colours the rest', () => {
  expect(formatTable([{ id: 'a\nb', count: 1, name: '\u001b[2J\u001b[31mred' }], columns)).toBe('ID   COUNT  NAME\na b      1  red');
});

test('on a terminal lines are cut at its width, wide characters whole', () => {
  const rows = [{ id: 'a', count: 1, name: '漢字漢字漢字' }];
  expect(formatTable(rows, columns, 16)).toBe('ID  COUNT  NAME\na       1  漢字…');
  expect(formatTable(rows, columns, 15)).toBe('ID  COUNT  NAME\na       1  漢…');
});
