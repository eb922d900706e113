/**
 * The one escape for bytes that are not UTF-8 (names and arguments on Linux can be any bytes but NUL).
 * A byte that is not part of valid UTF-8 becomes `\xNN`; a literal backslash that would read as such an escape
 * becomes `\x5c`; everything else stays as it is. So text without such accidents is untouched, and
 * `unescapeBytes(escapeBytes(b))` is b for every b.
 */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const LOOKS_ESCAPED = /\\(?=x[0-9a-fA-F]{2})/g;
const ESCAPE = /\\x([0-9a-fA-F]{2})/g;

/** @returns the bytes as text, reversibly. */
export function escapeBytes(bytes: Uint8Array): string {
  try {
    return escapeBackslashes(decoder.decode(bytes));
  } catch {
    return escapeInvalid(bytes);
  }
}

/** The escape for text that is known to be valid: only backslashes that look like an escape change. */
export function escapeBackslashes(text: string): string {
  return text.includes('\\x') ? text.replace(LOOKS_ESCAPED, '\\x5c') : text;
}

/** @returns the bytes that `escapeBytes` was given. */
export function unescapeBytes(text: string): Uint8Array {
  if (!text.includes('\\x')) return encoder.encode(text);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const match of text.matchAll(ESCAPE)) {
    if (match.index > at) parts.push(encoder.encode(text.slice(at, match.index)));
    parts.push(Uint8Array.of(parseInt(match[1]!, 16)));
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(encoder.encode(text.slice(at)));
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function escapeInvalid(bytes: Uint8Array): string {
  let text = '';
  let valid = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    text += escapeBackslashes(decoder.decode(bytes.subarray(valid, at)));
    text += `\\x${bytes[at]!.toString(16).padStart(2, '0')}`;
    at += 1;
    valid = at;
  }
  return text + escapeBackslashes(decoder.decode(bytes.subarray(valid, at)));
}

/** Length of the well-formed UTF-8 sequence that starts here, 0 where there is none (Unicode 16, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = bytes[at + 1] ?? 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  if (first < 0xe0) return 2;
  if (!continues(bytes[at + 2])) return 0;
  if (first < 0xf0) return 3;
  return continues(bytes[at + 3]) ? 4 : 0;
}

function continues(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
