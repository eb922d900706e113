/**
 * 32 bits of a text, the same for texts that differ by A–Z and a–z only, which queries take for equal. FNV-1a over
 * UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv/). Whoever finds a hash compares the texts.
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    let unit = text.charCodeAt(i);
    if (unit >= 0x41 && unit <= 0x5a) unit += 0x20;
    hash = Math.imul(hash ^ unit, 0x01000193);
  }
  return hash >>> 0;
}
