/**
 * Whether a command line can hold a secret at all: one pass over its bytes, which nearly every line ends with. The
 * others are looked at closely (redact.ts, secrets.ts); this only must not let through what would be found there.
 */

/** Letters without their case, a class for each other kind that the patterns name, 0 for the rest. */
const DIGIT = 27;
const JOINT = 28; // - _
const COLON = 29;
const SLASH = 30;
const DOT = 31;

const classes = new Uint8Array(256);
for (let i = 0; i < 26; i++) classes[65 + i] = classes[97 + i] = i + 1;
for (let i = 48; i < 58; i++) classes[i] = DIGIT;
classes[45] = classes[95] = JOINT;
classes[58] = COLON;
classes[47] = SLASH;
classes[46] = DOT;

/** Characters of a long opaque run (`hasLongRun` in secrets.ts). */
const inRun = new Uint8Array(256);
for (const character of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-=_')
  inRun[character.charCodeAt(0)] = 1;
const LONG_RUN = 32;

/** The beginnings of what is worth a look, up to four characters, without regard to case; `?` stands for any. */
const SUSPICIOUS = [
  // WORDS_WORTH
  ...['pass', 'pwd', 'secr', 'toke', 'key', 'basi', 'bear'],
  // FORMATS_WORTH
  ...[
    '://',
    'begi',
    'akia',
    'akca',
    'asia',
    'asca',
    'abia',
    'abca',
    'acia',
    'acca',
    'ghp_',
    'gho_',
    'ghu_',
    'ghs_',
  ],
  ...['ghr_', 'gl?', 'xox', 'aiza', 'rk-', 'sk-', 'npm_', 'pypi', 'hf_', '_v1_', 'sg.', 'eyj'],
  // TOOLS of redact.ts
  ...['mysq', 'mari', 'sshp', '7z', 'redi', 'unzi', 'zip', 'ldap', 'curl', 'smbc'],
];

const classOf = (character: string) => classes[character.charCodeAt(0)] ?? 0;
/** By three characters: NEVER, ALWAYS, or the class that the fourth must have. */
const suspicious = new Uint8Array(1 << 15);
const NEVER = 255;
const ALWAYS = 254;
suspicious.fill(NEVER);
for (const [a = '', b = '', c = '?', d] of SUSPICIOUS) {
  const begin = (classOf(a) << 10) | (classOf(b) << 5);
  for (let last = 0; last < 32; last++) {
    if (c === '?' || last === classOf(c)) suspicious[begin | last] = d === undefined ? ALWAYS : classOf(d);
  }
}

/** What is to be looked at closely. */
export const NOT_PLAIN = -1;

/** @returns a hash of the bytes from `begin` to `end`, at least 0; NOT_PLAIN where they may hold a secret. */
export function plainHash(bytes: Uint8Array, begin: number, end: number): number {
  let three = 0;
  let runFrom = begin;
  let hash = 0;
  for (let i = begin; i < end; i++) {
    const byte = bytes[i]!;
    three = ((three << 5) | classes[byte]!) & 0x7fff;
    const fourth = suspicious[three]!;
    if (fourth !== NEVER && (fourth === ALWAYS || (i + 1 < end && classes[bytes[i + 1]!] === fourth)))
      return NOT_PLAIN;
    if (inRun[byte] === 0) runFrom = i + 1;
    else if (i - runFrom >= LONG_RUN - 1) return NOT_PLAIN;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  return hash & 0x7fffffff;
}
