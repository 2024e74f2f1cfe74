import { describe, expect, test } from 'vitest';
import { escapeHtml, htmlToText, isHtml } from '../../../src/render/html.ts';

describe('text is HTML', () => {
  test.for<[text: string, html: boolean]>([
    ['<!DOCTYPE html><html></html>', true],
    ['<!doctype html>\n<p>x', false],
    ['<div>a</div>', true],
    ['  \n<div class="x">a</div>\n', true],
    ['<table border="1" class="dataframe"><tr><td>1</td></tr></table>', true],
    ['<img src="data:image/png;base64,AA==">', true],
    ['<a href="https://example.org">x</a>', true],
    ['<br/>', true],
    ['<svg xmlns="http://www.w3.org/2000/svg"></svg>', true],
    ['<my-element></my-element>', true],
    ['<p>one<p>two<br>', true],
    ['<div>a</div> and more', false],
    ['before <div>a</div>', false],
    ['<function f at 0x7f00>', false],
    ['<map object at 0x7f00>', false],
    ['<pyspark.sql.session.SparkSession object at 0x7f00>', false],
    ["<class 'int'>", false],
    ['<lambda>', false],
    ['<module>', false],
    ['<<EOF>>', false],
    ['< 3 and > 2 >', false],
    ['1 < 2', false],
    ['[<div>a</div>]', false],
    ['', false],
    ['>', false],
  ])('%j: %s', ([text, html]) => {
    expect(isHtml(text)).toBe(html);
  });
});

test.for<[html: string, text: string]>([
  ["<span class='ansi-red-fg'>Exception</span>: juhu", 'Exception: juhu'],
  ['TypeError: unsupported operand type(s) for +: &#39;int&#39; and &quot;str&quot;', `TypeError: unsupported operand type(s) for +: 'int' and "str"`],
  ['a &lt;b&gt; &amp;amp; c', 'a <b> &amp; c'],
  ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
  ['\u001b[31mRed\u001b[0m: x', 'Red: x'],
  ['<console>:23: error', '<console>:23: error'],
  ["TypeError: not <class 'int'> but <lambda>", "TypeError: not <class 'int'> but <lambda>"],
  ['<div class="x"><b>A</b><br/>B</div>', 'AB'],
])('the words of %j are %j', ([html, text]) => {
  expect(htmlToText(html)).toBe(text);
});

test('text keeps its words as the content of an element', () => {
  expect(escapeHtml(`<a href="x">'&amp;'</a>`)).toBe(`&lt;a href="x"&gt;'&amp;amp;'&lt;/a&gt;`);
});
