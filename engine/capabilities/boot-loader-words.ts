/** The kernel's command line, in the quoting of the kernel, of GRUB and of a shell. */
import { LONGEST_LINE } from './boot-loader-files.ts';

/**
 * As lib/cmdline.c of the kernel does: white space ends a word but inside double quotes.
 * @returns undefined where a quote is never closed: whatever is put after it would belong to it.
 */
export function kernelWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word = '';
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    if (!quoted && /\s/.test(char)) {
      if (word !== '') words.push(word);
      word = '';
    } else word += char;
  }
  if (quoted) return undefined;
  return word === '' ? words : [...words, word];
}

const unquoted = (word: string) => word.replace(/^"(.*)"$/, '$1');

/** The last one counts for the kernel; what follows a `--` is not the kernel's but for init. */
export function lsmOf(cmdline: string): readonly string[] | null {
  const words = kernelWords(cmdline) ?? [];
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  const last = own.map(unquoted).findLast((word) => word.startsWith('lsm='));
  return last === undefined ? null : unquoted(last.slice('lsm='.length)).split(',').filter(Boolean);
}

/** Words of a command line with this lsm= and no other. */
export function withLine(words: readonly string[], line: string, plain = unquoted): readonly string[] {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  const rest = end === -1 ? [] : words.slice(end);
  return [...own.filter((word) => !plain(word).startsWith('lsm=')), line, ...rest];
}

/** A command line with this lsm= and no other. @returns undefined where a quote is never closed */
export function withLsm(cmdline: string, line: string): string | undefined {
  const words = kernelWords(cmdline);
  return words === undefined ? undefined : withLine(words, line).join(' ');
}

export interface GrubWord {
  /** As it is written, with its quotes. */
  readonly raw: string;
  /** What it says; variables stay as they are written. */
  readonly plain: string;
}

/** Words of one line of GRUB's script. @returns undefined where a quote is never closed */
export function grubWords(line: string): readonly GrubWord[] | undefined {
  const words: GrubWord[] = [];
  // A bare part, a single-quoted, a double-quoted, or an escaped character, as often as there is no space between them.
  const part = /([^\s'"\\]+)|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/y;
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line.charAt(at))) {
      at += 1;
      continue;
    }
    const start = at;
    let plain = '';
    while (at < line.length && !/\s/.test(line.charAt(at))) {
      part.lastIndex = at;
      const found = part.exec(line);
      if (found === null) return undefined;
      const [all, bare, single, double, escaped] = found;
      plain += bare ?? single ?? double?.replace(/\\(["\\$])/g, '$1') ?? escaped ?? '';
      at += all.length;
    }
    words.push({ raw: line.slice(start, at), plain });
  }
  return words;
}

/** For GRUB's script and a shell alike. */
export const singleQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * The line of a shell's assignment with this lsm= in its value.
 * @returns undefined where the value is not a single plain word or quotation that ends on its line
 */
export function assignmentWith(assignment: string, line: string): string | undefined {
  // Longer ones are nobody's, and would take the expressions below too long.
  if (assignment.length > LONGEST_LINE) return undefined;
  const found = /^(\s*(?:export\s+)?[A-Z_]+\+?=)(.*)$/.exec(assignment);
  if (found === null) return undefined;
  const [, head = '', value = ''] = found;
  const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w.,:=/+-]*))(\s*(?:\s#.*)?)$/.exec(value);
  if (quoted === null) return undefined;
  const [, double, single, bare = '', tail = ''] = quoted;
  const quote = single === undefined ? '"' : "'";
  const inner = double ?? single ?? bare;
  return `${head}${quote}${textWith(inner, line)}${quote}${tail}`;
}

const LSM_WORD = /(^|\s+)lsm=(?:\\"[^"]*\\"|[^\s"'\\]*)(?=\s|$)/g;

/** Everything else stays as it is written: what a shell will put there cannot be known. */
function textWith(inner: string, line: string): string {
  const without = inner.replace(LSM_WORD, '').trim();
  const end = /(^|\s)--(?=\s|$)/.exec(without)?.index ?? without.length;
  return [without.slice(0, end).trim(), line, without.slice(end).trim()].filter(Boolean).join(' ');
}
