import { stripVTControlCharacters } from 'node:util';
import { decodeHTML } from 'entities/decode';

/** Text as the content of an HTML element. Quotes need no escaping there. */
export function escapeHtml(text: string): string {
  return /[&<>]/.test(text) ? text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;') : text;
}

/** The elements that servers mark words up with. Anything else in angle brackets is the message's own: `<class 'int'>`, `<console>`. */
const markup = /<\/?(?:a|b|br|code|div|em|font|i|p|pre|small|span|strong|u)(?:\s[^<>]*)?\/?>/gi;

/** The words of an error's `summary`, which may be HTML: without markup and ANSI colours, entities decoded. */
export function htmlToText(html: string): string {
  return stripAnsi(decodeHTML(html.replace(markup, '')));
}

/** Text without terminal colours and other escape sequences. */
export function stripAnsi(text: string): string {
  return text.includes('\u001b') || text.includes('\u009b') ? stripVTControlCharacters(text) : text;
}

const doctype = /^<!doctype\b/i;
const openingTag = /^<([a-z][a-z0-9-]*)(?=[\s/>])/i;
/** Elements that are whole without a closing tag. */
const standsAlone = new Set(['br', 'embed', 'hr', 'img', 'input', 'li', 'link', 'meta', 'p']);

/**
 * Whether a command's text is an HTML document or fragment (what `displayHTML` gives; the API has no type of its own for it):
 * the whole trimmed text begins with a doctype or a tag and ends with `>`. A tag must be closed somewhere, or be one that
 * needs no closing: `<function f at 0x7f00>` and `<map object at 0x7f00>` are Python's, and not HTML.
 */
export function isHtml(text: string): boolean {
  const trimmed = text.trim();
  if (!trimmed.startsWith('<') || !trimmed.endsWith('>')) return false;
  if (doctype.test(trimmed)) return true;
  const tag = openingTag.exec(trimmed)?.[1];
  return tag !== undefined && (standsAlone.has(tag.toLowerCase()) || /<\/[a-z]|\/>/i.test(trimmed));
}
