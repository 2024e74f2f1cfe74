import { describe, expect, test } from 'vitest';
import { parseCell } from '../../../src/notebook/cell-source.ts';

describe('a cell', () => {
  test.for<[what: string, text: string, expected: object]>([
    ['is code', 'select 1', { is: 'code', code: 'select 1' }],
    ['that is empty is code', '', { is: 'code', code: '' }],
    ['with blank lines before its code is code as it stands', '\n\n  x = 1\n', { is: 'code', code: '\n\n  x = 1\n' }],
    ['may begin with a magic', '%sql\nselect 1\n', { is: 'magic', name: 'sql', args: '', body: 'select 1\n' }],
    ['may have its text on the line of the magic', '%sql select 1', { is: 'magic', name: 'sql', args: 'select 1', body: '' }],
    ['may have text on both', '%sh ls -l\npwd', { is: 'magic', name: 'sh', args: 'ls -l', body: 'pwd' }],
    ['may write the magic with two signs', '%%sql\nselect 1', { is: 'magic', name: 'sql', body: 'select 1' }],
    ['may have blank lines before its magic', '\n \n%md\n# A', { is: 'magic', name: 'md', body: '# A' }],
    ['may have blanks before its magic', '  %md A', { is: 'magic', name: 'md', args: 'A' }],
    ['keeps the indentation below its magic', '%python\n  x', { is: 'magic', name: 'python', body: '  x' }],
    ['may end its lines as Windows does', '%sql\r\nselect 1\r\n', { is: 'magic', name: 'sql', args: '', body: 'select 1\r\n' }],
    ['may have a title before its magic', '# DBTITLE 1,My title\n%sql\nselect 1', { is: 'magic', name: 'sql', body: 'select 1' }],
    ['may have a title in SQL', '-- DBTITLE 0,t\n%md x', { is: 'magic', name: 'md', args: 'x' }],
    ['may have a title in Scala', '// DBTITLE 0,t\n%md x', { is: 'magic', name: 'md', args: 'x' }],
    ['may be cut from a source file', '# COMMAND ----------\n\n# DBTITLE 1,t\n# MAGIC %sql\n# MAGIC select 1\n# MAGIC \n# MAGIC -- end', { is: 'magic', name: 'sql', body: 'select 1\n\n-- end' }],
    ['may be the first of a source file', '# Databricks notebook source\n# MAGIC %md\n# MAGIC # Title', { is: 'magic', name: 'md', body: '# Title' }],
    ['may be commented out in SQL', '-- MAGIC %python\n-- MAGIC x = 1', { is: 'magic', name: 'python', body: 'x = 1' }],
    ['may be commented out in Scala', '// MAGIC %python x', { is: 'magic', name: 'python', args: 'x' }],
    ['with another comment first has no magic', '# a remark\n%sql select 1', { is: 'code', code: '# a remark\n%sql select 1' }],
    ['with a magic further down is code', 'x = 1\n%timeit x', { is: 'code' }],
    ['with a title before code is code, title and all', '# DBTITLE 1,t\nx = 1', { is: 'code', code: '# DBTITLE 1,t\nx = 1' }],
    ['that begins with a formula is code', '% 3', { is: 'code' }],
    ['that begins with two signs and a blank is code', '%% x', { is: 'code' }],
    ['with a magic joined to other signs is code', '%sql?', { is: 'code' }],
    ['hands its own text on for languages that have the magic', '\n# DBTITLE 1,t\n%timeit f()\n', { is: 'magic', name: 'timeit', args: 'f()', code: '%timeit f()\n' }],
  ])('%s', ([, text, expected]) => {
    expect(parseCell(text)).toMatchObject(expected);
  });
});
