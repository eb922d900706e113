import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NOT_PLAIN, plainHash } from './plain.ts';
import { Redactor } from './redact.ts';

const key = new Uint8Array(32).fill(7);
const hashOf = (line: string) => {
  const bytes = Buffer.from(line, 'latin1');
  return plainHash(bytes, 0, bytes.length);
};

test.each([
  ['a build', ['cc1', '-quiet', '-I', '../include', '-O2', '-o', '/tmp/cc81.s', 'source-81.c']],
  ['a shell', ['bash', '-c', 'for f in *.md; do sed -i s/red/blue/ "$f"; done']],
  ['a summary', ['/usr/bin/current', '--markdown', 'summary', '7-less']],
])('%s is plain', (_, args) => {
  expect(hashOf(args.join('\0'))).toBeGreaterThanOrEqual(0);
});

const FRAGMENTS = [
  ...[
    '--password',
    'PGPASSWORD=',
    'pwd',
    '-token',
    'TOKEN=',
    'apiKey',
    'secret',
    'Basic YWRhOmh1bnRlcjI=',
    'bearer ',
  ],
  ...[
    'https://ada:x@h/',
    '-----BEGIN RSA PRIVATE KEY-----',
    'AKIAIOSFODNN7EXAMPLE',
    'ASCA',
    'ghp_a1',
    'github_pat_',
  ],
  ...[
    'glpat-a1B2a1B2a1B2a1B2a1B2',
    'xoxb-123456789012',
    'AIza',
    'sk_live_',
    'rk-',
    'npm_',
    'pypi-',
    'hf_',
    'dop_v1_',
  ],
  ...[
    'SG.',
    'eyJhbGciOi',
    'AGE-SECRET-KEY-1',
    'mysql',
    'mysqldump',
    '-phunter2',
    '-p',
    'mariadb',
    'sshpass',
    '7z',
    '7za',
  ],
  ...[
    'redis-cli',
    '-a',
    'unzip',
    '-P',
    'zip',
    'ldapsearch',
    '-w',
    'curl',
    '-u',
    'ada:hunter2',
    'smbclient',
    '-U',
    'a%b',
  ],
  ...[
    'q7Rk2Zp9Xv4Lm8Tn3Wb6Yc1Df5Gh0Js2',
    'Ka9',
    'hunter2',
    'x',
    '/usr/bin/',
    '=',
    ' ',
    '-',
    '',
    'a'.repeat(16),
    'Z9',
  ],
];

test('what is taken for plain is stored as it would be after a close look', () => {
  const line = fc
    .array(fc.oneof(fc.constantFrom(...FRAGMENTS, '\0', '\0'), fc.string({ maxLength: 3 })), {
      minLength: 1,
      maxLength: 12,
    })
    .map((parts) => parts.join('').replaceAll(/[^\0-\x7f]/g, ''));
  let plain = 0;
  fc.assert(
    fc.property(line, (raw) => {
      const hash = hashOf(raw);
      if (hash === NOT_PLAIN) return;
      plain++;
      expect(new Redactor(key).commandLine(raw, hash)).toEqual(new Redactor(key).commandLine(raw));
    }),
    { numRuns: 3000 },
  );
  expect(plain).toBeGreaterThan(100);
});

test('lines that come again and again are the same object, and another with their hash is not taken for them', () => {
  const redactor = new Redactor(key);
  const again = () => redactor.commandLine('cp\0a\0b', 5);
  again();
  expect(again()).toBe(again());
  expect(redactor.commandLine('mv\0a\0b', 5)).toEqual({ args: ['mv', 'a', 'b'], text: 'mv a b' });
  expect(Object.isFrozen(again().args)).toBe(true);
});
