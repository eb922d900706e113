/**
 * Finds secrets in text: known formats, values of options and variables whose names say so, long opaque values.
 * Every pattern is bounded, because the text is whatever a program was started with.
 */

/** Replaces a secret by what stands for it. */
export type Tag = (secret: string) => string;

/** Formats that say by themselves what they are. */
const FORMATS = new RegExp(
  [
    String.raw`-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)`,
    String.raw`\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b`, // AWS
    String.raw`\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{22,255})`,
    String.raw`\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_.-]{20,255}`, // GitLab
    String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10,255}`, // Slack
    String.raw`\bAIza[A-Za-z0-9_-]{35}`, // Google
    String.raw`\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}`, // Stripe
    String.raw`\bnpm_[A-Za-z0-9]{36}`,
    String.raw`\bpypi-[A-Za-z0-9_-]{50,500}`,
    String.raw`\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{32,255}`,
    String.raw`\bhf_[A-Za-z0-9]{30,60}`,
    String.raw`\bdo[opr]_v1_[a-f0-9]{64}`, // DigitalOcean
    String.raw`\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}`, // SendGrid
    String.raw`\bAGE-SECRET-KEY-1[A-Z0-9]{50,60}`,
    String.raw`\beyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,4000}(?:\.[A-Za-z0-9_-]{0,1000})?`, // JWT
  ].join('|'),
  'g',
);

/** scheme://user:password@host */
const URL_PASSWORD = /(:\/\/[^\s/:@]{0,256}:)([^\s/@‹]{1,256})(?=@)/g;
const AUTHORISATION = /(\b(?:basic|bearer)\s{1,4})([A-Za-z0-9+/=._~-]{8,4000})/gi;

/** Names whose values are secrets; what may follow the word is decided in `isSecretName`. */
const SECRET_WORD =
  /passw(?:or)?d|passphrase|passcode|(?<!‹)secret|token|(?:api|access|private|signing|encryption|auth|account|master)[-_.]?key|(?<![a-z])(?:pass|pwd)(?![a-z._-])|(?<=[a-z])Pass(?![A-Za-z._-])/gi;
/** Endings that make it the name of something else: --password-file, tokenType, secret_name … */
const NOT_THE_SECRET =
  /(?:file|path|dir|name|id|type|ur[il]|len|length|policy|env|var|count|ttl|expir\w*|timeout|size|field|label|prompt|stdin|helper|provider|only|arn|ref|store|manager|scanning|detection)s?$/i;
const NAME_TAIL = /[A-Za-z0-9_.-]{0,64}/y;
const SEPARATOR = /["']?\s{0,2}(?:=|:(?!\/\/))\s{0,2}/y;
const SPACE = /[ \t]{1,4}(?!-)/y;
const VALUE = /"([^"]{1,4096})"|'([^']{1,4096})'|([^\s"'&;,|<>(){}‹]{1,4096})/y;
const HARMLESS = /^(?:true|false|yes|no|none|null|on|off|\d{1,3}|-|\*+|<[^>]*>|\$.*|%\w+%|[x*]+)$/i;
const PATH = /^(?:\.{0,2}\/|~\/|[a-z]+:\/\/)/i;

const OPAQUE = /[A-Za-z0-9+_=-]{32,512}/g;
const HASH_BEFORE = /(?:sha\d{1,3}|md5|blake\w{1,3})[-:=]$/i;
const HASH_INSIDE = /(?:^|[-_=])(?:sha\d{1,3}|md5|blake\w{1,3})[-=]/i;

const WORDS_WORTH = /pass|pwd|secret|token|key|basic |bearer /i;
const FORMATS_WORTH =
  /:\/\/|BEGIN|A[KSBC][IC]A|gh[pousr]_|gl[a-z]{2,4}-|xox|AIza|[rs]k[_-]|npm_|pypi-|hf_|_v1_|SG\.|eyJ/;

/** A cheap test that every text with a secret passes; ordinary arguments end here. */
export function worthALook(text: string): boolean {
  return WORDS_WORTH.test(text) || FORMATS_WORTH.test(text) || hasLongRun(text);
}

function hasLongRun(text: string): boolean {
  if (text.length < 32) return false;
  let run = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const letter = (code | 32) >= 97 && (code | 32) <= 122;
    run =
      letter || (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 61 || code === 95
        ? run + 1
        : 0;
    if (run === 32) return true;
  }
  return false;
}

/** @returns the text with each secret replaced; the same string where there is none. */
export function redactText(text: string, tag: Tag): string {
  if (!worthALook(text)) return text;
  let result = text.replace(URL_PASSWORD, (whole, before: string, secret: string) =>
    HARMLESS.test(secret) ? whole : before + tag(secret),
  );
  result = result.replace(AUTHORISATION, (_, before: string, secret: string) => before + tag(secret));
  result = redactNamed(result, tag);
  result = result.replace(FORMATS, (secret) => tag(secret));
  return result.replace(OPAQUE, (value: string, at: number) =>
    isOpaque(value) && !HASH_BEFORE.test(result.slice(Math.max(0, at - 12), at)) ? tag(value) : value,
  );
}

/** @returns the option's or variable's name when the whole argument is `--name` or `NAME=…` for a secret. */
export function secretOption(argument: string): { name: string; valueAt: number } | undefined {
  const match = /^-{0,2}([A-Za-z0-9_.-]{1,80})(=?)/.exec(argument);
  if (match === null || !isSecretName(match[1]!)) return undefined;
  const name = match[1]!;
  if (match[2] === '=') return { name, valueAt: match[0].length };
  return argument.startsWith('-') && match[0].length === argument.length ? { name, valueAt: -1 } : undefined;
}

/** Whether a value may be shown: a flag's word, a variable's name, a path where the name is a key's or PWD. */
export function isHarmless(value: string, name: string): boolean {
  if (value === '' || value.startsWith('‹secret:') || HARMLESS.test(value)) return true;
  return PATH.test(value) && /key|pwd/i.test(name);
}

function isSecretName(name: string): boolean {
  SECRET_WORD.lastIndex = 0;
  for (let match = SECRET_WORD.exec(name); match !== null; match = SECRET_WORD.exec(name)) {
    if (endsAsSecret(name.slice(match.index + match[0].length))) return true;
  }
  return false;
}

function endsAsSecret(tail: string): boolean {
  return (tail === '' || /^[-_.0-9A-Z]/.test(tail)) && !NOT_THE_SECRET.test(tail);
}

function redactNamed(text: string, tag: Tag): string {
  let result = '';
  let copied = 0;
  SECRET_WORD.lastIndex = 0;
  for (let match = SECRET_WORD.exec(text); match !== null; match = SECRET_WORD.exec(text)) {
    const wordEnd = match.index + match[0].length;
    const value = valueAfter(text, match.index, wordEnd);
    if (value === undefined) continue;
    result += text.slice(copied, value.start) + tag(value.text);
    copied = value.start + value.text.length;
    SECRET_WORD.lastIndex = copied;
  }
  return copied === 0 ? text : result + text.slice(copied);
}

function valueAfter(
  text: string,
  wordStart: number,
  wordEnd: number,
): { start: number; text: string } | undefined {
  const nameEnd = stickyEnd(NAME_TAIL, text, wordEnd);
  if (nameEnd === undefined || !endsAsSecret(text.slice(wordEnd, nameEnd))) return undefined;
  const assigned = stickyEnd(SEPARATOR, text, nameEnd);
  const valueStart = assigned ?? (isOption(text, wordStart) ? stickyEnd(SPACE, text, nameEnd) : undefined);
  if (valueStart === undefined) return undefined;
  VALUE.lastIndex = valueStart;
  const match = VALUE.exec(text);
  if (match === null) return undefined;
  const value = match[1] ?? match[2] ?? match[3]!;
  if (isHarmless(value, text.slice(wordStart, wordEnd))) return undefined;
  // "Authorization: token ‹…›" and "Bearer ‹…›": the word before a tag is no secret.
  if (/^(?:basic|bearer)$/i.test(value)) return undefined;
  return { start: match[3] === undefined ? valueStart + 1 : valueStart, text: value };
}

function stickyEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** Whether the name that contains this word begins with a dash, at the start of a word. */
function isOption(text: string, wordStart: number): boolean {
  let at = wordStart;
  while (at > 0 && wordStart - at < 64 && /[A-Za-z0-9_.-]/.test(text[at - 1]!)) at--;
  return text[at] === '-' && (at === 0 || /[\s"'(;|&]/.test(text[at - 1]!));
}

/**
 * Random-looking: upper case, lower case and digits in frequent alternation. Hashes in hexadecimal, UUIDs, numbers,
 * words joined by dashes and CamelCase names are not.
 */
function isOpaque(value: string): boolean {
  if (/^[0-9a-f-]+$/i.test(value) || HASH_INSIDE.test(value)) return false;
  let classes = 0;
  let changes = 0;
  let digits = 0;
  let before = 0;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    const now =
      code >= 97 && code <= 122 ? 1 : code >= 65 && code <= 90 ? 2 : code >= 48 && code <= 57 ? 4 : 8;
    classes |= now;
    if (now !== before) changes++;
    if (now === 4) digits++;
    before = now;
  }
  return (classes & 7) === 7 && digits >= 3 && changes >= value.length * 0.42 && entropy(value) >= 4;
}

/** Shannon's, in bits a character. */
function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}
