import { Buffer } from 'node:buffer';
import { oneLine } from '../lib/controls.ts';
import type { JsonObject } from '../lib/json.ts';
import type { MimeBundle } from '../protocol/output.ts';

/** A picture as a front end shows it, or `undefined` for what is no data URL. */
export interface Picture {
  readonly data: MimeBundle;
  readonly metadata: JsonObject;
}

/** Reads an image result's `fileName`: `data:image/png;base64,…`. */
export function readDataUrl(url: string): Picture | undefined {
  const comma = url.indexOf(',');
  if (!/^data:/i.test(url) || comma < 0) return undefined;
  const [mime = '', ...parameters] = url.slice('data:'.length, comma).split(';');
  const type = mime.trim().toLowerCase() || 'text/plain';
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === 'base64');
  const body = url.slice(comma + 1);
  // SVG is text in a MIME bundle; all other pictures are base64.
  const isText = type === 'image/svg+xml' || type.startsWith('text/');
  const content = isText ? textOf(body, isBase64) : isBase64 ? body : Buffer.from(percentDecoded(body), 'utf8').toString('base64');
  const size = type === 'image/png' ? pngSize(content) : undefined;
  const words = oneLine(size ? `<${type} ${size.width}x${size.height}>` : `<${type}>`);
  return { data: { 'text/plain': words, [type]: content }, metadata: size ? { [type]: size } : {} };
}

function textOf(body: string, isBase64: boolean): string {
  return isBase64 ? Buffer.from(body, 'base64').toString('utf8') : percentDecoded(body);
}

/** Libraries write SVG into URLs without encoding it: `width="100%"` then stands for itself. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The signature, the first chunk's length and name, width and height: 24 bytes, and room for a line break. */
const pngHeadLength = 40;

/** Width and height in pixels, from the IHDR chunk that every PNG begins with. */
function pngSize(base64: string): { width: number; height: number } | undefined {
  const bytes = Buffer.from(base64.slice(0, pngHeadLength), 'base64');
  const isPng = bytes.length >= 24 && bytes.toString('latin1', 1, 4) === 'PNG' && bytes.toString('latin1', 12, 16) === 'IHDR';
  return isPng ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) } : undefined;
}
