/** What a notification server could take for markup, or what acts on whoever reads, as characters that do nothing. */
const HARMLESS: Readonly<Record<string, string>> = { '<': '‹', '>': '›', '&': '＆' };

/** The text with nothing in it that a desktop could interpret: some read tags, all draw bidirectional controls. */
export function plainText(text: string): string {
  return text
    .replace(/[<>&]/g, (character) => HARMLESS[character] ?? '')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ' ')
    .slice(0, 500);
}
